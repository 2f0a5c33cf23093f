import type { Book, Level, Maybe } from '../../live/documents';
import { fixed } from '../../look/format';
import { t } from '../../look/words';

/** The best levels: asks above, bids below, each with its quantity as a bar. */
export function Ladder(props: { book: Maybe<Book>; digits: number; sizes: number }) {
  const { book, digits, sizes } = props;
  if (!book) {
    return <p class="quiet">{t('market.no_book')}</p>;
  }
  const asks = book.asks.slice(0, 10);
  const bids = book.bids.slice(0, 10);
  const most = Math.max(1e-12, ...asks.map(l => l[1]), ...bids.map(l => l[1]));
  const spread = asks[0] && bids[0] ? asks[0][0] - bids[0][0] : null;
  return (
    <table class="ladder">
      <thead><tr><th scope="col">{t('market.bid')}</th><th scope="col">{t('market.price')}</th><th scope="col">{t('market.ask')}</th></tr></thead>
      <tbody>{[...asks].reverse().map((l, i) => <AskRow key={asks.length - i} level={l} most={most} digits={digits} sizes={sizes} />)}</tbody>
      <tbody><tr class="spread"><td colSpan={3}>{t('field.spread')} {fixed(spread, digits)}</td></tr></tbody>
      <tbody>{bids.map((l, i) => <BidRow key={i} level={l} most={most} digits={digits} sizes={sizes} />)}</tbody>
    </table>
  );
}

interface RowProps {
  level: Level;
  most: number;
  digits: number;
  sizes: number;
}

function AskRow({ level, most, digits, sizes }: RowProps) {
  return <tr><td /><td class="bad">{fixed(level[0], digits)}</td><td class="depth ask"><i style={{ width: `${(level[1] / most) * 100}%` }} /><span>{fixed(level[1], sizes)}</span></td></tr>;
}

function BidRow({ level, most, digits, sizes }: RowProps) {
  return <tr><td class="depth bid"><i style={{ width: `${(level[1] / most) * 100}%` }} /><span>{fixed(level[1], sizes)}</span></td><td class="good">{fixed(level[0], digits)}</td><td /></tr>;
}
