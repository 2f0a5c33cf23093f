import type { Alert, AlertsDocument, Maybe } from '../live/documents';
import { dateAndTime } from '../look/format';
import { code, t } from '../look/words';
import { Badge, type Tone } from '../parts/basics';

const most = 20;

/** How many alerts are active, on every page; opened, what they say and which fired before. */
export function Alerts(props: { alerts: AlertsDocument | undefined }) {
  const active = newestFirst(props.alerts?.active);
  const earlier = newestFirst(props.alerts?.history).filter(([id]) => !active.some(([a]) => a === id)).slice(0, most);
  if (active.length === 0 && earlier.length === 0) {
    return null;
  }
  return (
    <details class="alerts" onKeyDown={closeOnEscape}>
      <summary><Badge tone={active.some(([, a]) => isGrave(a)) ? 'bad' : active.length > 0 ? 'warn' : 'quiet'}>{active.length > 0 ? `▲ ${t('alerts.active', { count: active.length })}` : t('alerts.none_active')}</Badge></summary>
      <div class="alerts-list">
        <List name="now" title={t('alerts.now')} alerts={active.slice(0, most)} />
        <List name="earlier" title={t('alerts.earlier')} alerts={earlier} />
      </div>
    </details>
  );
}

function List(props: { name: string; title: string; alerts: readonly [string, Alert][] }) {
  return props.alerts.length === 0 ? null : (
    <>
      <h3>{props.title}</h3>
      <ul data-test={props.name}>
        {props.alerts.map(([id, a]) => (
          <li key={id}><Badge tone={toneOf(a)}>{code('severity', a.severity)}</Badge> <b>{a.rule}</b> {a.subject} <span lang="en">{a.message}</span> <time class="quiet">{dateAndTime(a.time)}</time></li>
        ))}
      </ul>
    </>
  );
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape') {
    (event.currentTarget as HTMLDetailsElement).open = false;
  }
}

function newestFirst(alerts: Maybe<Readonly<Record<string, Alert>>>): [string, Alert][] {
  return Object.entries(alerts ?? {}).sort(([a], [b]) => Number(b) - Number(a));
}

function isGrave(alert: Alert): boolean {
  return alert.severity === 'critical' || alert.severity === 'high' || alert.severity === 'error';
}

function toneOf(alert: Alert): Tone {
  return isGrave(alert) ? 'bad' : alert.severity === 'info' ? 'quiet' : 'warn';
}
