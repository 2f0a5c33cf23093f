import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Feature, Maybe, ModelDocument, Prediction } from '../../live/documents';
import { compact, fixed, integer, microseconds, percent, perSecond, plain, signed, timeOfDay } from '../../look/format';
import { code, t } from '../../look/words';
import { arrow, Badge, Bar, Fact, Panel, Scroll, toneOf, type Tone } from '../../parts/basics';
import { Chart, type Columns } from '../../parts/chart';
import { newest } from '../market/tape';

/** What the models say, and whether what they are asked is fit to be asked. */
export function ModelPage(props: { model: ModelDocument }) {
  const { model } = props;
  const predictions = newest(model.predictions, 50);
  const columns = useMemo(() => directions(predictions.map(([, p]) => p)), [model.predictions]);
  return (
    <div class="page model">
      <Panel title={t('model.models')} class="wide">
        <Scroll label={t('model.models')}>
          <table>
            <thead><tr><th scope="col">{t('flow.block')}</th><th scope="col" class="text">{t('model.file')}</th><th scope="col">{t('model.version')}</th><th scope="col">SHA-256</th><th scope="col">{t('model.predictions')}</th><th scope="col">{t('model.rate')}</th><th scope="col">{t('model.latency')}</th></tr></thead>
            <tbody>
              {Object.entries(model.models ?? {}).map(([name, m]) => (
                <tr key={name}><th scope="row">{name}</th><td class="text">{m.model ?? '–'}</td><td>{m.version ?? '–'}</td><td><code title={m.sha256 ?? ''}>{m.sha256?.slice(0, 12) ?? '–'}</code></td><td>{integer(m.predictions)}</td><td>{perSecond(m.per_second)}</td><td>{microseconds(m.mean_latency_us)}</td></tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Panel>
      <Panel title={t('model.direction')} class="model-chart" note={<span>{t('model.direction_note')}</span>}>
        {predictions.length === 0 ? <p class="quiet">{t('model.no_predictions')}</p> : (
          <Chart label={t('model.chart', { count: predictions.length })} columns={columns} height={190} range={(min, max) => { const most = Math.max(0.05, Math.abs(min), Math.abs(max)) * 1.1; return [-most, most]; }} series={[
            { label: t('model.direction'), colour: '--up', negative: '--down', kind: 'bars' },
          ]} />
        )}
        <RegimeAndMode model={model} />
      </Panel>
      <Panel title={t('model.predictions')} class="predictions">
        <Scroll label={t('model.predictions')} class="tall">
          <table>
            <thead><tr><th scope="col" class="text">{t('market.time')}</th><th scope="col" class="text">{t('flow.block')}</th><th scope="col">{t('model.direction')}</th><th scope="col">{t('model.confidence')}</th><th scope="col">{t('model.probability')}</th><th scope="col">{t('model.magnitude')}</th><th scope="col" class="text">{t('model.regime')}</th></tr></thead>
            <tbody>{predictions.map(([sequence, p]) => <PredictionRow key={sequence} prediction={p} />)}</tbody>
          </table>
        </Scroll>
      </Panel>
      <Features features={model.features} block={model.feature_block} time={model.feature_time} />
    </div>
  );
}

function PredictionRow(props: { prediction: Prediction }) {
  const p = props.prediction;
  return (
    <tr>
      <td class="text quiet">{timeOfDay(p.time)}</td>
      <td class="text">{p.block ?? ''} <span class="quiet">{p.symbol}</span></td>
      <td class={toneOf(p.direction)}>{arrow(p.direction)} {signed(p.direction, 3)}</td>
      <td>{percent(p.confidence, 1)}</td>
      <td>{percent(p.probability, 1)}</td>
      <td>{typeof p.magnitude === 'number' && p.magnitude !== 0 ? percent(p.magnitude, 3) : '–'}</td>
      <td class="text">{p.stale ? <Badge tone="warn">{t('model.stale')}</Badge> : p.regime ? code('regime', p.regime) : ''}</td>
    </tr>
  );
}

function RegimeAndMode(props: { model: ModelDocument }) {
  const { regime, mode } = props.model;
  return (
    <div class="pair">
      <div>
        <h3>{t('model.regime')}</h3>
        {regime && Object.keys(regime).length > 0 ? Object.entries(regime).map(([symbol, r]) => (
          <dl class="facts" key={symbol}>
            <Fact name={symbol} value={<Badge tone={r.class === 'trend_up' ? 'good' : r.class === 'trend_down' ? 'bad' : 'quiet'}>{r.class === 'trend_up' ? '▲ ' : r.class === 'trend_down' ? '▼ ' : ''}{code('regime', r.class)}</Badge>} />
            <Fact name={t('model.confidence')} value={percent(r.confidence)} />
            <Fact name={t('model.since')} value={timeOfDay(r.since)} />
          </dl>
        )) : <p class="quiet">{t('model.no_regime')}</p>}
      </div>
      <div>
        <h3>{t('model.mode')}</h3>
        {mode ? (
          <dl class="facts">
            <Fact name={t('model.mode_now')} value={<Badge tone="quiet">{code('mode', mode.mode)}</Badge>} />
            {mode.reason ? <Fact name={t('model.because')} value={mode.reason} /> : null}
            <Fact name={t('model.fast_calls')} value={`${compact(mode.fast_calls)} · ${fixed(mode.mean_fast_ms, 2)} ms`} />
            <Fact name={t('model.enhanced_calls')} value={`${compact(mode.enhanced_calls)} · ${fixed(mode.mean_enhanced_ms, 2)} ms`} />
            <Fact name={t('model.fallbacks')} value={compact(mode.fallback_count)} />
            <Fact name={t('model.cache_hits')} value={compact(mode.cache_hits)} />
          </dl>
        ) : <p class="quiet">{t('model.no_mode')}</p>}
      </div>
    </div>
  );
}

/** Features with their warm bits and how far they have drifted from what the model was trained on. */
function Features(props: { features: ModelDocument['features']; block: Maybe<string>; time: Maybe<string> }) {
  const onlyTroubled = useSignal(false);
  const features = Object.entries(props.features ?? {});
  const troubled = features.filter(([, f]) => f.warm === false || isDrifting(f));
  const isWatched = features.some(([, f]) => typeof f.psi === 'number' || f.drift);
  const shown = (onlyTroubled.value ? troubled : features).slice(0, 400);
  return (
    <Panel title={t('model.features')} class="features" note={<span>{props.block} {timeOfDay(props.time)}</span>}>
      <p class="tools">
        <label class="check"><input type="checkbox" checked={onlyTroubled.value} onChange={e => (onlyTroubled.value = e.currentTarget.checked)} /> {t('model.only_troubled')}</label>
        <span class="quiet">{t('model.warm_count', { warm: features.filter(([, f]) => f.warm !== false).length, all: features.length, drifting: features.filter(([, f]) => isDrifting(f)).length })}</span>
      </p>
      <Scroll label={t('model.features')} class="tall">
        <table>
          <thead><tr><th scope="col" class="text">{t('model.feature')}</th><th scope="col">{t('model.value')}</th><th scope="col" class="text">{t('model.warm')}</th>{isWatched ? <><th scope="col">PSI</th><th scope="col" class="text">{t('model.drift')}</th></> : null}</tr></thead>
          <tbody>{shown.map(([name, f]) => <FeatureRow key={name} name={name} feature={f} isWatched={isWatched} />)}</tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function FeatureRow(props: { name: string; feature: Feature; isWatched: boolean }) {
  const f = props.feature;
  const tone: Tone = f.drift === 'hold' ? 'bad' : f.drift === 'warn' ? 'warn' : '';
  return (
    <tr class={f.warm === false ? 'cold' : ''}>
      <th scope="row" class="text">{props.name}</th>
      <td>{plain(f.value)}</td>
      <td class="text">{f.warm === false ? <span class="warn">○ {t('word.cold')}</span> : <span class="quiet">● {t('word.warm')}</span>}</td>
      {props.isWatched ? (
        <>
          <td>{typeof f.psi === 'number' ? <><Bar share={f.psi / 0.5} tone={tone} /> {fixed(f.psi, 3)}</> : '–'}</td>
          <td class={`text ${tone}`}>{f.drift ? code('drift', f.drift) : '–'}</td>
        </>
      ) : null}
    </tr>
  );
}

function isDrifting(feature: Feature): boolean {
  return feature.drift === 'warn' || feature.drift === 'hold';
}

function directions(newestFirst: readonly Prediction[]): Columns {
  const points = [...newestFirst].reverse();
  return [points.map(p => Date.parse(p.time) / 1000), points.map(p => p.direction ?? null)];
}
