import type { MarketDocument, Trade } from '../../live/documents';
import { fixed, timeOfDay } from '../../look/format';
import { code, t } from '../../look/words';
import { Scroll } from '../../parts/basics';

/** The newest trades. A side that was inferred and not told by the feed has a question mark. */
export function Tape(props: { tape: MarketDocument['tape']; digits: number; sizes: number }) {
  const trades = newest(props.tape, 50);
  return trades.length === 0 ? <p class="quiet">{t('market.no_trades')}</p> : (
    <Scroll label={t('market.tape')} class="tape-list">
      <table class="tape">
        <thead><tr><th scope="col">{t('market.time')}</th><th scope="col">{t('market.price')}</th><th scope="col">{t('market.quantity')}</th><th scope="col">{t('market.side')}</th></tr></thead>
        <tbody>{trades.map(([sequence, trade]) => <Row key={sequence} trade={trade} digits={props.digits} sizes={props.sizes} />)}</tbody>
      </table>
    </Scroll>
  );
}

function Row(props: { trade: Trade; digits: number; sizes: number }) {
  const { trade } = props;
  const tone = trade.side === 'buy' ? 'good' : trade.side === 'sell' ? 'bad' : 'quiet';
  return (
    <tr>
      <td class="quiet">{timeOfDay(trade.time, true)}</td>
      <td class={tone}>{fixed(trade.price, props.digits)}</td>
      <td>{fixed(trade.quantity, props.sizes)}</td>
      <td class={tone}>{trade.side === 'buy' ? '▲' : trade.side === 'sell' ? '▼' : '–'} {code('side', trade.side)}{trade.side_source && trade.side_source !== 'flag' ? <span title={code('side_source', trade.side_source)}> ?</span> : null}</td>
    </tr>
  );
}

/** The entries of a map keyed by sequence, newest first, at most so many. */
export function newest<T>(map: Readonly<Record<string, T>> | null | undefined, most: number): [string, T][] {
  return Object.entries(map ?? {}).sort(([a], [b]) => Number(b) - Number(a) || (a < b ? 1 : -1)).slice(0, most);
}
