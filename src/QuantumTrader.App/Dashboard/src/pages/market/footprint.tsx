import type { Maybe, MarketDocument } from '../../live/documents';
import { fixed, hourAndMinute } from '../../look/format';
import { t } from '../../look/words';
import { Scroll } from '../../parts/basics';

const mostRows = 26;
const steps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000] as const;

/** Sold and bought at each price of the newest candles; where they moved far, several ticks share a row. */
export function Footprint(props: { footprint: MarketDocument['footprint']; tick: Maybe<number>; digits: number; sizes: number }) {
  const candles = Object.entries(props.footprint ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).slice(-8);
  const prices = candles.flatMap(([, levels]) => Object.keys(levels).map(Number));
  if (prices.length === 0) {
    return <p class="quiet">{t('market.no_footprint')}</p>;
  }
  const tick = props.tick || 10 ** -props.digits;
  const ticks = steps.find(s => (Math.max(...prices) - Math.min(...prices)) / (tick * s) < mostRows) ?? steps[steps.length - 1]!;
  const columns = candles.map(([time, levels]) => [time, rowsOf(levels, tick * ticks)] as const);
  const rows = [...new Set(columns.flatMap(([, levels]) => [...levels.keys()]))].sort((a, b) => b - a).slice(0, mostRows + 1);
  const most = Math.max(1e-12, ...columns.flatMap(([, levels]) => [...levels.values()].map(([buy, sell]) => buy + sell)));
  return (
    <Scroll label={t('market.footprint')} class="footprint-list">
      <table class="footprint">
        <thead><tr><th scope="col">{t('market.price')}{ticks > 1 ? <small> ×{ticks}</small> : null}</th>{columns.map(([time]) => <th key={time} scope="col">{hourAndMinute(time)}</th>)}</tr></thead>
        <tbody>
          {rows.map(row => (
            <tr key={row}>
              <th scope="row">{fixed(row * tick * ticks, props.digits)}</th>
              {columns.map(([time, levels]) => <Cell key={time} buy={levels.get(row)?.[0]} sell={levels.get(row)?.[1]} most={most} sizes={props.sizes} />)}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Δ</th>
            {candles.map(([time, levels]) => {
              const delta = Object.values(levels).reduce((sum, [buy, sell]) => sum + buy - sell, 0);
              return <td key={time} class={delta > 0 ? 'good' : delta < 0 ? 'bad' : ''}>{delta > 0 ? '+' : ''}{fixed(delta, props.sizes)}</td>;
            })}
          </tr>
        </tfoot>
      </table>
    </Scroll>
  );
}

function Cell(props: { buy: number | undefined; sell: number | undefined; most: number; sizes: number }) {
  const { buy, sell } = props;
  if (buy === undefined || sell === undefined) {
    return <td />;
  }
  // Three to one is the usual mark of an imbalance.
  const strong = buy >= 3 * sell && buy > 0 ? 'good strong' : sell >= 3 * buy && sell > 0 ? 'bad strong' : '';
  return (
    <td class="level">
      <i class={buy >= sell ? 'buy' : 'sell'} style={{ opacity: 0.08 + 0.3 * ((buy + sell) / props.most) }} />
      <span class={strong}>{fixed(sell, props.sizes)} × {fixed(buy, props.sizes)}</span>
    </td>
  );
}

/** Bought and sold by row, a row being so many steps of the price above 0. */
function rowsOf(levels: Readonly<Record<string, readonly [number, number]>>, step: number): Map<number, [number, number]> {
  const rows = new Map<number, [number, number]>();
  for (const [price, [buy, sell]] of Object.entries(levels)) {
    // A price is a whole number of ticks, but its double may lie just below.
    const row = Math.floor(Number(price) / step + 1e-9);
    const sum = rows.get(row);
    rows.set(row, sum ? [sum[0] + buy, sum[1] + sell] : [buy, sell]);
  }
  return rows;
}
