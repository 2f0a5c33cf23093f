import type { Book, Candle, Feature, Maybe, Prediction, Trade } from '../../live/documents';

/** What was known of a symbol at a moment, and nothing that came later. */
export interface KnownAt {
  readonly symbol: string;
  readonly time: string;
  readonly known: {
    readonly book?: Maybe<Book>;
    readonly last_trade?: Maybe<Trade>;
    readonly trades?: Maybe<readonly Trade[]>;
    readonly candles?: Maybe<readonly (Candle & { readonly time: string })[]>;
    readonly features?: Maybe<Readonly<Record<string, Readonly<Record<string, Feature>>>>>;
    readonly prediction?: Maybe<Prediction>;
    readonly signal?: Maybe<{ readonly time?: Maybe<string>; readonly side?: Maybe<string>; readonly direction?: Maybe<number>; readonly confidence?: Maybe<number>; readonly price?: Maybe<number> }>;
  };
}

/** What is usual of a symbol, computed from its stored days. */
export interface Patterns {
  readonly days: number;
  readonly from?: Maybe<string>;
  readonly to?: Maybe<string>;
  readonly daily?: Maybe<{
    readonly most_active_hour?: Maybe<number>;
    readonly least_active_hour?: Maybe<number>;
    readonly mean_daily_volume?: Maybe<number>;
    readonly mean_daily_range?: Maybe<number>;
    readonly hours?: Maybe<readonly { readonly hour: number; readonly volume: number; readonly trades?: Maybe<number> }[]>;
  }>;
  readonly volume?: Maybe<{
    readonly slope?: Maybe<number>;
    readonly weekdays?: Maybe<readonly { readonly weekday: number; readonly mean: number }[]>;
    readonly anomalies?: Maybe<readonly { readonly date: string; readonly volume: number; readonly z: number }[]>;
  }>;
  readonly volatility?: Maybe<{
    readonly days?: Maybe<readonly { readonly date: string; readonly volatility: number }[]>;
    readonly current?: Maybe<string>;
    readonly trend?: Maybe<string>;
  }>;
  readonly regimes?: Maybe<{ readonly changes?: Maybe<readonly { readonly time: string; readonly from?: Maybe<string>; readonly to: string; readonly confidence?: Maybe<number> }[]> }>;
  readonly performance?: Maybe<{ readonly profit?: Maybe<number>; readonly return?: Maybe<number>; readonly sharpe?: Maybe<number>; readonly drawdown?: Maybe<number>; readonly win_rate?: Maybe<number> }>;
}
