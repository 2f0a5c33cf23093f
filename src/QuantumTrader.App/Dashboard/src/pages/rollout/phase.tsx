import type { Gate, Phase } from '../../live/documents';
import { dateAndTime, integer, percent, plain } from '../../look/format';
import { code, t, type Word } from '../../look/words';
import { Badge, Bar, Fact, Panel, Scroll, type Tone } from '../../parts/basics';
import { ChangeButton } from '../../parts/confirmation';
import { newest } from '../market/tape';

type Verb = 'start' | 'promote' | 'hold' | 'retry' | 'abort';

/** One phase: where it stands, why, and what can be done. */
export function PhaseCard(props: { name: string; phase: Phase }) {
  const { name, phase } = props;
  const counts = phase.counts ?? {};
  const agreement = phase.agreement ?? {};
  const fallbacks = Object.entries(counts.fallbacks ?? {});
  const entries = newest(phase.last_entries, 10);
  return (
    <Panel title={name} class="phase" note={<><span>{code('kind', phase.kind)} · {t('rollout.level')} {phase.rollback_level ?? '–'}</span> <Badge tone={toneOfState(phase.state)}>{code('phase', phase.state)}{phase.state === 'serving' || phase.state === 'held' ? ` ${percent(phase.share)}` : ''}</Badge></>}>
      <Steps phase={phase} />
      <div class="buttons" data-phase={name}>
        {verbsOf(phase.state).map(verb => (
          <ChangeButton key={verb} class={verb === 'abort' ? 'danger' : verb === 'promote' ? 'primary' : ''} data-verb={verb} change={{
            sentence: t(`rollout.confirm_${verb}`, { phase: name, next: nextOf(phase) }),
            verb: t(`rollout.${verb}`),
            path: `api/rollout/${encodeURIComponent(name)}/${verb}`,
            body: {},
            isDangerous: verb === 'abort',
          }}>{t(`rollout.${verb}`)}</ChangeButton>
        ))}
        {phase.breaker_open ? <Badge tone="bad">{t('rollout.breaker')}</Badge> : null}
        {isReady(phase) ? <span class="missing"><Badge tone="warn">{t('rollout.ready')}</Badge></span> : null}
        {phase.missing ? <span class="quiet missing"><span>{t('rollout.missing')}</span> <span lang="en">{phase.missing}</span></span> : null}
      </div>
      <div class="pair">
        <dl class="facts">
          <Fact name={t('rollout.baseline')} value={phase.baseline ?? '–'} />
          <Fact name={t('rollout.candidate')} value={phase.candidate ?? '–'} />
          {phase.requires && phase.requires.length > 0 ? <Fact name={t('rollout.requires')} value={phase.requires.join(', ')} /> : null}
          <Fact name={t('rollout.ops')} value={integer(counts.ops)} />
          <Fact name={t('rollout.by_candidate')} value={integer(counts.enhanced_calls)} />
          <Fact name={t('rollout.by_baseline')} value={integer(counts.original_calls)} />
        </dl>
        <dl class="facts">
          <Fact name={t('rollout.agreement')} value={<><Bar share={agreement.ratio} /> {percent(agreement.ratio, 1)}</>} />
          <Fact name={t('rollout.compared')} value={integer(agreement.compared)} />
          <Fact name={t('rollout.mismatch')} value={integer(agreement.mismatch)} />
          <Fact name={t('rollout.shed')} value={integer(counts.shadow_shed)} />
          <Fact name={t('rollout.fallbacks')} value={integer(fallbacks.reduce((sum, [, n]) => sum + n, 0))} tone={fallbacks.some(([, n]) => n > 0) ? 'warn' : ''} />
          {fallbacks.filter(([, n]) => n > 0).map(([reason, n]) => <Fact key={reason} name={`· ${reason}`} value={integer(n)} />)}
        </dl>
      </div>
      <h3>{t('rollout.gates')}</h3>
      {phase.gates && Object.keys(phase.gates).length > 0 ? (
        <>
        <Scroll label={`${t('rollout.gates')} ${name}`}>
          <table>
            <thead><tr><th scope="col" class="text">{t('rollout.gate')}</th><th scope="col" class="text">{t('rollout.verdict')}</th><th scope="col">{t('rollout.value')}</th><th scope="col">{t('rollout.limit')}</th><th scope="col">{t('rollout.samples')}</th><th scope="col" class="text">{t('rollout.evidence')}</th></tr></thead>
            <tbody>{Object.entries(phase.gates).map(([gate, g]) => <GateRow key={gate} name={gate} gate={g} />)}</tbody>
          </table>
        </Scroll>
        <p class="quiet small">{t('rollout.evidence_is')}</p>
        </>
      ) : <p class="quiet">{t('rollout.no_gates')}</p>}
      <h3>{t('rollout.journal')}</h3>
      {entries.length === 0 ? <p class="quiet">{t('rollout.no_entries')}</p> : (
        <ol class="entries">
          {entries.map(([sequence, e]) => (
            <li key={sequence}><time class="quiet">{e.time ? dateAndTime(e.time) : t('rollout.at_start')}</time> <span>{e.from ? code('phase', e.from) : '–'} → <b>{e.to ? code('phase', e.to) : '–'}</b></span> <span class="quiet" lang="en">{e.reason}{e.actor ? ` (${e.actor})` : ''}</span></li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

/** The steps in order; the one that it stands on is marked by word and mark, not by colour alone. */
function Steps(props: { phase: Phase }) {
  const { phase } = props;
  const steps = phase.steps ?? [];
  const at = phase.state === 'complete' ? steps.length : phase.state === 'off' || phase.state === 'aborted' ? -1 : (phase.step ?? 0);
  return (
    <ol class={`steps ${phase.state}`}>
      {steps.map((step, i) => (
        <li key={i} class={i < at ? 'done' : i === at ? 'now' : ''} aria-current={i === at ? 'step' : undefined}>
          <i aria-hidden="true">{i < at ? '✓' : i + 1}</i>
          <span>{step.share === 0 ? t('phase.shadow') : percent(step.share)}</span>
        </li>
      ))}
      <li class={phase.state === 'complete' ? 'now' : ''}><i aria-hidden="true">{phase.state === 'complete' ? '✓' : '●'}</i><span>{t('phase.complete')}</span></li>
    </ol>
  );
}

function GateRow(props: { name: string; gate: Gate }) {
  const { gate } = props;
  const tone: Tone = gate.verdict === 'pass' || gate.verdict === 'passed' ? 'good' : gate.verdict === 'fail' || gate.verdict === 'failed' ? 'bad' : 'quiet';
  return (
    <tr>
      <th scope="row" class="text">{props.name}</th>
      <td class="text"><Badge tone={tone}>{tone === 'good' ? '✓ ' : tone === 'bad' ? '✗ ' : ''}{code('verdict', gate.verdict)}</Badge></td>
      <td>{plain(gate.value)}</td>
      <td>{plain(gate.limit)}</td>
      <td>{integer(gate.samples)}</td>
      <td class="text" lang="en">{gate.evidence ?? '–'}</td>
    </tr>
  );
}

function verbsOf(state: string): readonly Verb[] {
  switch (state) {
    case 'off':
      return ['start'];
    case 'aborted':
      return ['retry'];
    case 'complete':
      return ['abort'];
    case 'held':
      return ['promote', 'retry', 'abort'];
    default:
      return ['promote', 'hold', 'abort'];
  }
}

/** True when nothing but somebody's word is missing for the next step. */
export function isReady(phase: Phase): boolean {
  return (phase.state === 'shadow' || phase.state === 'serving') && phase.approve === 'manual' && phase.missing === '' && (phase.counts?.ops ?? 0) > 0;
}

function nextOf(phase: Phase): string {
  const next = phase.steps?.[(phase.step ?? 0) + 1];
  return next ? percent(next.share) : t('phase.complete' satisfies Word);
}

function toneOfState(state: string): Tone {
  return state === 'complete' || state === 'serving' ? 'good' : state === 'aborted' ? 'bad' : state === 'held' ? 'warn' : 'quiet';
}
