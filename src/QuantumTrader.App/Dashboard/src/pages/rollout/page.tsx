import type { RolloutDocument } from '../../live/documents';
import { percent } from '../../look/format';
import { t } from '../../look/words';
import { Bar, Empty, Panel } from '../../parts/basics';
import { ChangeButton } from '../../parts/confirmation';
import { missing } from '../missing';
import { PhaseCard } from './phase';

/** The phases on their way to all operations, and the way back. */
export function RolloutPage(props: { rollout: RolloutDocument }) {
  const { rollout } = props;
  const phases = Object.entries(rollout.phases ?? {}).map(([name, phase]) => ({ ...phase, name })).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  if (phases.length === 0) {
    return <Empty {...missing('rollout')} />;
  }
  const levels = rollout.levels ?? levelsOf(phases);
  return (
    <div class={`page rollout ${phases.length === 1 ? 'single' : ''}`}>
      <Panel title={t('rollout.rollback')} class="wide" note={<span>{t('rollout.rollback_note')}</span>}>
        <div class="levels">
          {typeof rollout.migration_progress === 'number' ? <span class="migration">{t('rollout.progress')} <Bar share={rollout.migration_progress} /> {percent(rollout.migration_progress)}</span> : null}
          <span class="buttons">
            {levels.map(l => (
              <ChangeButton key={l.level} class="danger" data-level={l.level} change={{
                sentence: t('rollout.confirm_rollback', { level: l.level, phases: l.phases.join(', ') }),
                verb: t('rollout.rollback_to', { level: l.level }),
                path: 'api/rollout/rollback',
                body: { level: l.level },
                isDangerous: true,
              }}>
                {t('rollout.rollback_to', { level: l.level })} <small>{l.phases.join(', ')}</small>
              </ChangeButton>
            ))}
          </span>
        </div>
      </Panel>
      {phases.map(phase => <PhaseCard key={phase.name} name={phase.name} phase={phase} />)}
    </div>
  );
}

/** Each level takes back the phases of its own and of every lower one. */
function levelsOf(phases: readonly { name: string; rollback_level?: number | null | undefined }[]): { level: number; phases: string[] }[] {
  const numbers = [...new Set(phases.map(p => p.rollback_level ?? 1))].sort((a, b) => a - b);
  return numbers.map(level => ({ level, phases: phases.filter(p => (p.rollback_level ?? 1) <= level).map(p => p.name) }));
}
