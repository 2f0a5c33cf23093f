import { useMemo } from 'preact/hooks';
import type { Candle, MarketDocument } from '../../live/documents';
import { fixed, integer, percent, seconds, signed } from '../../look/format';
import { code, t } from '../../look/words';
import { arrow, Badge, Empty, Panel, toneOf } from '../../parts/basics';
import { Candles } from '../../parts/candles';
import { Chart, type Columns } from '../../parts/chart';
import { Symbols } from '../../parts/symbols';
import { missing } from '../missing';
import { Fields } from './fields';
import { Footprint } from './footprint';
import { Gauges } from './gauges';
import { Ladder } from './ladder';
import { Tape } from './tape';

/** One symbol's market as it is now. */
export function MarketPage(props: { market: MarketDocument; symbol: string; symbols: readonly string[] }) {
  const { market } = props;
  const digits = market.price_decimals ?? decimalsOf(market.tick);
  const sizes = market.quantity_decimals ?? 0;
  const candles = useMemo(() => Object.entries(market.candles ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).slice(-120), [market.candles]);
  const delta = useMemo(() => cumulativeDelta(candles), [candles]);
  const fields = market.fields ?? {};
  const change = fields['price_change_5min'];
  if (!market.fields && candles.length === 0 && !market.book && !market.tape) {
    return <Empty {...missing('market')} />;
  }
  return (
    <div class="page market">
      <div class="headline wide">
        <Symbols page="market" symbol={props.symbol} symbols={props.symbols} />
        <span class="symbol">{props.symbol}</span>
        <span class="price" data-test="last-price">{fixed(fields['last_price'], digits)}</span>
        <span class={toneOf(change)}>{arrow(change)} {signed(change, digits)} ({signed(fields['price_change_5min_pct'], 2)} %) <span class="quiet">{t('market.in_5min')}</span></span>
        <span><span class="quiet">{t('field.spread')}</span> {fixed(fields['spread'], digits)}</span>
        {market.coverage?.complete === false ? <span title={t('market.partial_why', { unseen: integer(market.coverage.unseen) })}><Badge tone="warn">{t('market.partial')}</Badge></span> : null}
        <span><span class="quiet">VWAP</span> {fixed(fields['vwap'], digits)}</span>
        {market.health ? (
          <span class="health">
            <Badge tone={market.health.status === 'healthy' ? 'good' : 'warn'}>{code('health', market.health.status)}</Badge>
            <span class="quiet">{t('market.data_age')} {seconds(market.health.data_age_seconds)} · {t('market.latency')} {fixed(market.health.latency_ms, 1)} ms · {t('market.error_rate')} {percent(market.health.error_rate, 1)}{market.health.store_connected === undefined || market.health.store_connected === null ? '' : ` · ${t('market.store')} ${t(market.health.store_connected ? 'word.connected' : 'word.not_connected')}`}</span>
            {(market.health.reasons ?? []).map(r => <Badge key={r} tone="warn">{code('health_reason', r)}</Badge>)}
          </span>
        ) : null}
      </div>
      <Panel title={t('market.candles', { seconds: market.candle_seconds ?? 60 })} class="chart-panel" note={<span>{t('market.hollow')}</span>}>
        {candles.length === 0 ? <p class="quiet">{t('market.no_candles')}</p> : (
          <>
            <Candles candles={candles} height={356} label={summary(candles, digits)} sync="market" />
            <h3>{t('market.cumulative_delta')} <span class="quiet">{signed(delta[1].at(-1) ?? null, sizes)}</span></h3>
            <Chart label={`${t('market.cumulative_delta')} ${signed(delta[1].at(-1) ?? null, sizes)}`} columns={delta} height={110} sync="market" series={[
              { label: t('market.cumulative_delta'), colour: '--accent', kind: 'area' },
              { label: t('market.delta'), colour: '--up', negative: '--down', kind: 'bars' },
            ]} />
          </>
        )}
      </Panel>
      <Panel title={t('market.ladder')} class="ladder-panel"><Ladder book={market.book} digits={digits} sizes={sizes} /></Panel>
      <Panel title={t('market.tape')} class="tape-panel"><Tape tape={market.tape} digits={digits} sizes={sizes} /></Panel>
      <Panel title={t('market.footprint')} class="footprint-panel" note={<span>{t('market.footprint_note')}</span>}><Footprint footprint={market.footprint} tick={market.tick} digits={digits} sizes={sizes} /></Panel>
      <Panel title={t('market.gauges')} class="gauges-panel"><Gauges gauges={market.gauges} /></Panel>
      <Panel title={t('market.fields')} class="fields-panel"><Fields market={market} digits={digits} sizes={sizes} /></Panel>
    </div>
  );
}

/** Decimals of a price step: 0.5 has one. */
function decimalsOf(tick: number | null | undefined): number {
  return tick ? Math.min(8, Math.max(0, (String(tick).split('.')[1] ?? '').length)) : 2;
}

function cumulativeDelta(candles: readonly (readonly [string, Candle])[]): Columns & { 1: (number | null)[] } {
  let sum = 0;
  return [candles.map(([time]) => Date.parse(time) / 1000), candles.map(([, c]) => (sum = c.cumulative_delta ?? sum + (c.delta ?? 0))), candles.map(([, c]) => c.delta ?? null)];
}

function summary(candles: readonly (readonly [string, Candle])[], digits: number): string {
  const last = candles.at(-1)![1];
  return t('market.summary', { count: candles.length, high: fixed(Math.max(...candles.map(([, c]) => c.high)), digits), low: fixed(Math.min(...candles.map(([, c]) => c.low)), digits), close: fixed(last.close, digits) });
}
