import type { Gauge, MarketDocument } from '../../live/documents';
import { plain } from '../../look/format';
import { t } from '../../look/words';

/** Order flow as bars between the least and the greatest value; cold ones say so. */
export function Gauges(props: { gauges: MarketDocument['gauges'] }) {
  const gauges = Object.entries(props.gauges ?? {}).sort(([, a], [, b]) => Number(hasRange(b)) - Number(hasRange(a))).slice(0, 60);
  return gauges.length === 0 ? <p class="quiet">{t('market.no_gauges')}</p> : <ul class="gauges">{gauges.map(([name, gauge]) => <Row key={name} name={name} gauge={gauge} />)}</ul>;
}

function Row(props: { name: string; gauge: Gauge }) {
  const { value, min, max, warm } = props.gauge;
  return (
    <li class={warm === false ? 'cold' : ''}>
      <span class="name">{props.name}</span>
      {hasRange(props.gauge) ? <span class="track" aria-hidden="true"><Needle value={value ?? 0} min={min!} max={max!} /></span> : <span />}
      <span class="value">{plain(value)}{warm === false ? <small> {t('word.cold')}</small> : null}</span>
    </li>
  );
}

function hasRange(gauge: Gauge): boolean {
  return typeof gauge.min === 'number' && typeof gauge.max === 'number' && gauge.max > gauge.min;
}

/** From zero where zero lies within, else from the least. */
function Needle(props: { value: number; min: number; max: number }) {
  const at = (v: number) => Math.min(1, Math.max(0, (v - props.min) / (props.max - props.min))) * 100;
  const zero = at(Math.max(props.min, Math.min(0, props.max)));
  const end = at(props.value);
  return (
    <>
      <i class={props.value >= 0 ? 'positive' : 'negative'} style={{ left: `${Math.min(zero, end)}%`, width: `${Math.abs(end - zero)}%` }} />
      {props.min < 0 && props.max > 0 ? <b style={{ left: `${zero}%` }} /> : null}
    </>
  );
}
