import { useEffect, useState } from 'preact/hooks';
import { token } from '../live/api';
import { connect, staleAfterSeconds, type Connected } from '../live/connection';
import type { Maybe, Pipeline } from '../live/documents';
import { integer } from '../look/format';
import { t } from '../look/words';

/** What a user must know about the numbers below: old, from a host that is gone, or final. */
export function Notice(props: { connection: Connected; pipeline: Maybe<Pipeline> }) {
  const { connection, pipeline } = props;
  if (connection.state === 'gone') {
    return (
      <div class="notice bad" role="alert">
        <span>{t('notice.gone')} <Countdown until={connection.retryAt} /></span>
        <button type="button" onClick={connect}>{t('notice.try_now')}</button>
        <span class="quiet" lang="en">{connection.why}</span>
      </div>
    );
  }
  if (connection.state === 'locked') {
    return (
      <form class="notice warn" onSubmit={event => { event.preventDefault(); connect(); }}>
        <label>{t('notice.locked')} <input name="token" type="password" autocomplete="off" value={token.value} onInput={e => (token.value = e.currentTarget.value)} /></label>
        <button type="submit">{t('notice.open')}</button>
        <span class="quiet" lang="en">{connection.why}</span>
      </form>
    );
  }
  if (connection.state === 'stale') {
    return <div class="notice warn" role="alert">{t('notice.stale', { seconds: staleAfterSeconds })}</div>;
  }
  if (pipeline?.state === 'ended' || pipeline?.state === 'failed') {
    return <div class={`notice ${pipeline.state === 'failed' ? 'bad' : ''}`} role="status">{t(pipeline.state === 'failed' ? 'notice.failed' : 'notice.ended', { events: integer(pipeline.events) })} {pipeline.fault ? <span lang="en">{pipeline.fault}</span> : null}</div>;
  }
  return null;
}

/** Counts the seconds down; said once to a screen reader, not every second. */
function Countdown(props: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true">{t('notice.again_in', { seconds: Math.max(0, Math.ceil((props.until - now) / 1000)) })}</span>;
}
