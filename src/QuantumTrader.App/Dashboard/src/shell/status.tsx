import { connection } from '../live/connection';
import type { AlertsDocument, FlowDocument, RolloutDocument, TradingDocument } from '../live/documents';
import { dateAndTime, integer, percent, perSecond, zoneName } from '../look/format';
import { code, t } from '../look/words';
import { Badge, Bar, type Tone } from '../parts/basics';
import { Alerts } from './alerts';
import { Money, Phases } from './glance';

/** One line on every page: which pipeline, how far it is, what the rollout does, whether money is safe, and whether what is shown is live. */
export function Status(props: { flow: FlowDocument | undefined; alerts: AlertsDocument | undefined; rollout: RolloutDocument | undefined; trading: TradingDocument | undefined }) {
  const pipeline = props.flow?.pipeline;
  const link = connection.value.state;
  const tone: Tone = link === 'live' ? 'good' : link === 'gone' ? 'bad' : 'warn';
  return (
    <div class="status">
      <span class="pipeline">{pipeline?.name ?? '–'}</span>
      {pipeline ? <Badge tone={pipeline.state === 'running' ? 'good' : pipeline.state === 'failed' ? 'bad' : 'quiet'}>{code('state', pipeline.state)}</Badge> : null}
      <span>{pipeline?.event_time ? <><span class="quiet">{t('shell.event_time')}</span> <time>{dateAndTime(pipeline.event_time)}</time> </> : null}<span class="quiet zone">{zoneName()}</span></span>
      <span class="rate" hidden={!pipeline}>{perSecond(pipeline?.events_per_second)} <span class="quiet">{integer(pipeline?.events)} {t('shell.events')}</span></span>
      {typeof pipeline?.progress === 'number' ? <span class="progress"><Bar share={pipeline.progress} /> {percent(pipeline.progress)}</span> : null}
      <Phases rollout={props.rollout} />
      <Money trading={props.trading} />
      <Alerts alerts={props.alerts} />
      <span class="link" role="status" data-test="connection" data-state={link}><Badge tone={tone}>{t(`connection.${link}`)}</Badge></span>
    </div>
  );
}
