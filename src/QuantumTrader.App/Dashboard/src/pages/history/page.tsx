import { useState } from 'preact/hooks';
import type { Maybe } from '../../live/documents';
import { zoneName } from '../../look/format';
import { t } from '../../look/words';
import { Empty, Panel } from '../../parts/basics';
import { Symbols } from '../../parts/symbols';
import { missing } from '../missing';
import { useAnswer } from './asked';
import type { KnownAt, Patterns } from './documents';
import { Known } from './known';
import { fromWallClock, toWallClock } from './moment';
import { PatternsView } from './patterns';

const steps = [-3600, -300, -60, 60, 300, 3600] as const;

/** Time travel, and what is usual. */
export function HistoryPage(props: { symbol: string; symbols: readonly string[]; now: Maybe<string> }) {
  const [moment, setMoment] = useState<number>(() => Date.parse(props.now ?? '') || Date.now());
  const [days, setDays] = useState(7);
  const zone = zoneName();
  const symbol = encodeURIComponent(props.symbol);
  const known = useAnswer<KnownAt>(`api/history/at?symbol=${symbol}&time=${encodeURIComponent(new Date(moment).toISOString())}`);
  const patterns = useAnswer<Patterns>(`api/history/patterns?symbol=${symbol}&days=${days}`);
  const hasNoStore = known.state === 'failed' && known.status === 404 && patterns.state === 'failed';
  if (hasNoStore) {
    return <Empty {...missing('history')} />;
  }
  return (
    <div class="page history">
      <Panel title={t('history.moment')} class="wide">
        <form class="tools" onSubmit={event => event.preventDefault()}>
          <Symbols page="history" symbol={props.symbol} symbols={props.symbols} />
          <b>{props.symbol}</b>
          <label>{t('history.pick')} <span class="quiet">({zone})</span>
            <input type="datetime-local" name="moment" step="1" value={toWallClock(moment, zone)} onInput={event => {
              const time = fromWallClock(event.currentTarget.value, zone);
              if (Number.isFinite(time)) {
                setMoment(time);
              }
            }} />
          </label>
          <span class="buttons" role="group" aria-label={t('history.step')}>
            {steps.map(s => <button key={s} type="button" onClick={() => setMoment(m => m + s * 1000)}>{s < 0 ? '−' : '+'}{Math.abs(s) >= 3600 ? `${Math.abs(s) / 3600} h` : `${Math.abs(s) / 60} min`}</button>)}
            <button type="button" onClick={() => setMoment(Date.parse(props.now ?? '') || Date.now())}>{t('history.now')}</button>
          </span>
          <label>{t('history.days')}
            <select name="days" value={String(days)} onChange={event => setDays(Number(event.currentTarget.value))}>
              {[1, 7, 14, 30].map(d => <option key={d} value={String(d)}>{d}</option>)}
            </select>
          </label>
        </form>
        {known.state === 'failed' ? <p class="bad" role="alert">{known.why}</p> : null}
      </Panel>
      {known.last ? <Known at={known.last} /> : known.state === 'asking' ? <p class="waiting" role="status">{t('shell.waiting')}</p> : null}
      {patterns.last ? <PatternsView patterns={patterns.last} /> : patterns.state === 'failed' ? <Panel title={t('history.patterns')} class="wide"><p class="bad">{patterns.why}</p></Panel> : null}
    </div>
  );
}
