import type { RolloutDocument, TradingDocument } from '../live/documents';
import { percent, plain, signed } from '../look/format';
import { code, t } from '../look/words';
import { arrow, Badge, toneOf, type Tone } from '../parts/basics';
import { isReady } from '../pages/rollout/phase';
import { linkTo } from '../route';

// What asks for a look comes first.
const order = ['aborted', 'held', 'serving', 'shadow', 'complete', 'off'];
const tones: Readonly<Record<string, Tone>> = { aborted: 'bad', held: 'warn', serving: 'good', complete: 'good' };

/** The phase that most asks for a look, and how many there are besides. */
export function Phases(props: { rollout: RolloutDocument | undefined }) {
  const phases = Object.entries(props.rollout?.phases ?? {}).sort(([, a], [, b]) => order.indexOf(a.state) - order.indexOf(b.state));
  const [first] = phases;
  if (!first) {
    return null;
  }
  const [name, phase] = first;
  return (
    <a class="glance" href={linkTo('rollout')} title={t('page.rollout')}>
      {name} <Badge tone={tones[phase.state] ?? 'quiet'}>{code('phase', phase.state)}{phase.state === 'serving' ? ` ${percent(phase.share)}` : ''}</Badge>
      {isReady(phase) ? <span class="warn"> {t('rollout.ready')}</span> : null}
      {phases.length > 1 ? <span class="quiet"> +{phases.length - 1}</span> : null}
    </a>
  );
}

/** Whether orders leave, what is held, and what it came to. */
export function Money(props: { trading: TradingDocument | undefined }) {
  const { trading } = props;
  if (!trading) {
    return null;
  }
  const held = Object.entries(trading.positions ?? {}).filter(([, p]) => p.quantity !== 0);
  return (
    <a class="glance" href={linkTo('trading')} title={t('page.trading')} data-test="money">
      {trading.kill?.engaged ? <Badge tone="bad">■ {t('trading.stopped')}</Badge> : <Badge tone={trading.orders_live ? 'warn' : 'quiet'}>{t(trading.orders_live ? 'trading.live' : 'trading.paper')}</Badge>}
      <span class={toneOf(trading.profit)}> {arrow(trading.profit)} {signed(trading.profit, 2)}</span>
      <span class="quiet"> {held.length === 0 ? t('trading.flat') : held.slice(0, 2).map(([symbol, p]) => `${t(p.quantity > 0 ? 'trading.long' : 'trading.short')} ${plain(Math.abs(p.quantity))} ${symbol}`).join(', ')}{held.length > 2 ? ` +${held.length - 2}` : ''}</span>
    </a>
  );
}
