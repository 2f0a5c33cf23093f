// The documents of the stream's topics, as the host writes them. A number that is not known is null or not there, never 0.

export type Maybe<T> = T | null | undefined;
export type Counts = Readonly<Record<string, number>>;

/** Instead of a document: the pipeline has no such part. */
export interface EmptyDocument {
  readonly empty: true;
  readonly reason?: Maybe<string>;
}

export interface FlowDocument {
  readonly pipeline: Pipeline;
  readonly blocks: Readonly<Record<string, Block>>;
  readonly edges: Readonly<Record<string, Edge>>;
  readonly latency?: Maybe<Readonly<Record<string, Latency>>>;
}

export interface Pipeline {
  readonly name: string;
  readonly file?: Maybe<string>;
  readonly state: string;
  readonly started?: Maybe<string>;
  readonly elapsed_seconds?: Maybe<number>;
  readonly event_time?: Maybe<string>;
  readonly events?: Maybe<number>;
  readonly events_per_second?: Maybe<number>;
  readonly progress?: Maybe<number>;
  readonly bottleneck?: Maybe<string>;
  readonly symbols?: Maybe<readonly string[]>;
  readonly time_zone?: Maybe<string>;

  /** False when the run was started without a token: nobody can change anything. */
  readonly changeable?: Maybe<boolean>;
  readonly fault?: Maybe<string>;
  readonly blocks?: Maybe<readonly { readonly name: string; readonly sentence?: Maybe<string>; readonly phase?: Maybe<string> }[]>;
}

export interface Block {
  readonly type: string;
  readonly island?: Maybe<number | string>;
  readonly in: number;
  readonly out: number;
  readonly in_per_second?: Maybe<number>;
  readonly out_per_second?: Maybe<number>;
  readonly held?: Maybe<number>;
  readonly dropped?: Maybe<Counts>;
  readonly errors?: Maybe<Counts>;
  readonly last_errors?: Maybe<readonly string[]>;
  readonly idle?: Maybe<number>;
  readonly backpressured?: Maybe<number>;
  readonly busy?: Maybe<number>;
  readonly longest_stall_seconds?: Maybe<number>;
  readonly nanoseconds_per_event?: Maybe<number>;
  readonly gauges?: Maybe<Counts>;
  readonly details?: unknown;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly port?: Maybe<string>;
  readonly fused?: Maybe<boolean>;
  readonly depth?: Maybe<number>;
  readonly capacity?: Maybe<number>;
  readonly when_full?: Maybe<string>;
  readonly in?: Maybe<number>;
  readonly out?: Maybe<number>;
  readonly in_per_second?: Maybe<number>;
  readonly dropped?: Maybe<Counts>;
  readonly spilled?: Maybe<number>;
  readonly high_water?: Maybe<number>;
}

/** Microseconds. */
export interface Latency {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;

  /** Of the last minute. */
  readonly recent_p99?: Maybe<number>;
}

export interface MarketDocument {
  readonly symbol: string;
  readonly event_time?: Maybe<string>;
  readonly tick?: Maybe<number>;
  readonly price_decimals?: Maybe<number>;
  readonly quantity_decimals?: Maybe<number>;
  readonly fields?: Maybe<Readonly<Record<string, Maybe<number>>>>;
  readonly health?: Maybe<MarketHealth>;
  readonly ml?: Maybe<MarketPredictions>;
  readonly book?: Maybe<Book>;
  readonly tape?: Maybe<Readonly<Record<string, Trade>>>;
  readonly candle_seconds?: Maybe<number>;
  readonly candles?: Maybe<Readonly<Record<string, Candle>>>;
  readonly footprint?: Maybe<Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>>;
  readonly gauges?: Maybe<Readonly<Record<string, Gauge>>>;

  /** How much of the run was seen: a replay at full speed is faster than any page. */
  readonly coverage?: Maybe<{ readonly unseen?: Maybe<number>; readonly complete?: Maybe<boolean> }>;
}

export interface MarketHealth {
  readonly status: string;
  readonly reasons?: Maybe<readonly string[]>;
  readonly store_connected?: Maybe<boolean>;
  readonly streams?: Maybe<number>;
  readonly data_age_seconds?: Maybe<number>;
  readonly latency_ms?: Maybe<number>;
  readonly error_rate?: Maybe<number>;
}

export interface MarketPredictions {
  readonly last?: Maybe<{ readonly time?: Maybe<string>; readonly direction?: Maybe<number>; readonly confidence?: Maybe<number>; readonly model?: Maybe<string> }>;
  readonly count_5min?: Maybe<number>;
  readonly mean_confidence?: Maybe<number>;
  readonly bullish_share?: Maybe<number>;
  readonly stability?: Maybe<number>;
}

export type Level = readonly [price: number, quantity: number];

/** Best first. */
export interface Book {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface Trade {
  readonly time: string;
  readonly price: number;
  readonly quantity: number;
  readonly side?: Maybe<string>;
  readonly side_source?: Maybe<string>;
}

export interface Candle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly delta?: Maybe<number>;

  /** Since the begin of the trading day. */
  readonly cumulative_delta?: Maybe<number>;
}

export interface Gauge {
  readonly value: Maybe<number>;
  readonly warm?: Maybe<boolean>;
  readonly min?: Maybe<number>;
  readonly max?: Maybe<number>;
}

export interface ModelDocument {
  readonly models?: Maybe<Readonly<Record<string, ModelBlock>>>;
  readonly predictions?: Maybe<Readonly<Record<string, Prediction>>>;
  readonly features?: Maybe<Readonly<Record<string, Feature>>>;
  readonly feature_block?: Maybe<string>;
  readonly feature_time?: Maybe<string>;
  readonly regime?: Maybe<Readonly<Record<string, Regime>>>;
  readonly mode?: Maybe<Mode>;
}

export interface ModelBlock {
  readonly model?: Maybe<string>;
  readonly sha256?: Maybe<string>;
  readonly version?: Maybe<string>;
  readonly predictions?: Maybe<number>;
  readonly per_second?: Maybe<number>;
  readonly mean_latency_us?: Maybe<number>;
}

export interface Prediction {
  readonly time: string;
  readonly symbol?: Maybe<string>;
  readonly block?: Maybe<string>;
  readonly direction?: Maybe<number>;
  readonly probability?: Maybe<number>;
  readonly confidence?: Maybe<number>;
  readonly magnitude?: Maybe<number>;
  readonly stale?: Maybe<boolean>;
  readonly regime?: Maybe<string>;
}

export interface Feature {
  readonly value: Maybe<number>;
  readonly warm?: Maybe<boolean>;
  readonly psi?: Maybe<number>;
  readonly drift?: Maybe<string>;
}

export interface Regime {
  readonly class: string;
  readonly confidence?: Maybe<number>;
  readonly strength?: Maybe<string>;
  readonly since?: Maybe<string>;
}

export interface Mode {
  readonly mode: string;
  readonly reason?: Maybe<string>;
  readonly fast_calls?: Maybe<number>;
  readonly enhanced_calls?: Maybe<number>;
  readonly fallback_count?: Maybe<number>;
  readonly cache_hits?: Maybe<number>;
  readonly mean_fast_ms?: Maybe<number>;
  readonly mean_enhanced_ms?: Maybe<number>;
}

export interface RolloutDocument {
  readonly phases: Readonly<Record<string, Phase>>;
  readonly migration_progress?: Maybe<number>;
  readonly levels?: Maybe<readonly { readonly level: number; readonly phases: readonly string[] }[]>;
}

export interface Phase {
  readonly name?: Maybe<string>;
  readonly order?: Maybe<number>;
  readonly kind?: Maybe<string>;
  readonly state: string;
  readonly step?: Maybe<number>;
  readonly steps?: Maybe<readonly { readonly name?: Maybe<string>; readonly share: number }[]>;
  readonly share?: Maybe<number>;
  readonly epoch?: Maybe<number>;
  readonly requires?: Maybe<readonly string[]>;
  readonly rollback_level?: Maybe<number>;
  readonly approve?: Maybe<string>;
  readonly candidate?: Maybe<string>;
  readonly baseline?: Maybe<string>;

  /** What the step still asks for. */
  readonly missing?: Maybe<string>;
  readonly breaker_open?: Maybe<boolean>;
  readonly counts?: Maybe<PhaseCounts>;
  readonly agreement?: Maybe<{ readonly compared?: Maybe<number>; readonly match?: Maybe<number>; readonly mismatch?: Maybe<number>; readonly ratio?: Maybe<number> }>;
  readonly gates?: Maybe<Readonly<Record<string, Gate>>>;
  readonly last_entries?: Maybe<Readonly<Record<string, PhaseEntry>>>;
}

export interface PhaseCounts {
  readonly ops?: Maybe<number>;
  readonly original_calls?: Maybe<number>;
  readonly enhanced_calls?: Maybe<number>;
  readonly fallbacks?: Maybe<Counts>;
  readonly shadow_started?: Maybe<number>;
  readonly shadow_shed?: Maybe<number>;
}

export interface Gate {
  readonly verdict?: Maybe<string>;
  readonly evidence?: Maybe<string>;
  readonly value?: Maybe<number>;
  readonly limit?: Maybe<number>;
  readonly samples?: Maybe<number>;
}

export interface PhaseEntry {
  readonly time?: Maybe<string>;
  readonly from?: Maybe<string>;
  readonly to?: Maybe<string>;
  readonly reason?: Maybe<string>;
  readonly actor?: Maybe<string>;
}

export interface TradingDocument {
  readonly orders_live?: Maybe<boolean>;
  readonly kill?: Maybe<{ readonly engaged: boolean; readonly reason?: Maybe<string>; readonly since?: Maybe<string>; readonly actor?: Maybe<string> }>;
  readonly positions?: Maybe<Readonly<Record<string, Position>>>;
  readonly orders?: Maybe<Readonly<Record<string, Order>>>;
  readonly fills?: Maybe<Readonly<Record<string, Fill>>>;
  readonly limits?: Maybe<Readonly<Record<string, Limit>>>;
  readonly refusals?: Maybe<Counts>;
  readonly equity?: Maybe<Readonly<Record<string, number>>>;
  readonly profit?: Maybe<number>;
  readonly max_drawdown?: Maybe<number>;
  readonly max_exposure?: Maybe<number>;
}

export interface Position {
  readonly quantity: number;
  readonly average_price?: Maybe<number>;
  readonly last_price?: Maybe<number>;
  readonly realised?: Maybe<number>;
  readonly unrealised?: Maybe<number>;
  readonly fees?: Maybe<number>;
  readonly profit?: Maybe<number>;
  readonly exposure?: Maybe<number>;
}

export interface Order {
  readonly time: string;
  readonly symbol?: Maybe<string>;
  readonly side?: Maybe<string>;
  readonly quantity?: Maybe<number>;
  readonly type?: Maybe<string>;
  readonly price?: Maybe<number>;
  readonly state?: Maybe<string>;
  readonly filled?: Maybe<number>;
  readonly average_price?: Maybe<number>;
  readonly reason?: Maybe<string>;
}

export interface Fill {
  readonly time: string;
  readonly symbol?: Maybe<string>;
  readonly side?: Maybe<string>;
  readonly price?: Maybe<number>;
  readonly quantity?: Maybe<number>;
  readonly fee?: Maybe<number>;
  readonly order?: Maybe<number | string>;
}

export interface Limit {
  readonly used?: Maybe<number>;
  readonly limit?: Maybe<number>;
  readonly unit?: Maybe<string>;
  readonly scope?: Maybe<string>;
}

export interface AlertsDocument {
  readonly active?: Maybe<Readonly<Record<string, Alert>>>;
  readonly history?: Maybe<Readonly<Record<string, Alert>>>;
}

export interface Alert {
  readonly time: string;
  readonly rule: string;
  readonly subject?: Maybe<string>;
  readonly severity: string;
  readonly message: string;
}
