import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { hourAndMinute, date, plain, timeOfDay } from '../look/format';
import { isDark, language, zone } from '../look/preferences';
import { useWidth } from './size';

/** Columns of a chart: times in seconds, then a column for each series; null where there is no value. */
export type Columns = [readonly number[], ...(readonly (number | null)[])[]];

export interface Series {
  readonly label: string;
  /** Name of a CSS variable. */
  readonly colour: string;
  readonly kind: 'line' | 'steps' | 'area' | 'bars' | 'points' | 'hidden';
  readonly dash?: readonly number[];
  readonly scale?: string;
  readonly digits?: number;
  /** Where the sign decides the colour: bars. */
  readonly negative?: string;
}

interface ChartProps {
  readonly label: string;
  readonly columns: Columns;
  readonly series: readonly Series[];
  readonly height: number;
  readonly digits?: number;
  /** Draws what uPlot does not know, such as candles; with the variables' values by name. */
  readonly draw?: (plot: uPlot, colour: (name: string) => string) => void;
  /** Smallest and largest value of the main scale. */
  readonly range?: (min: number, max: number) => [number, number];
  readonly sync?: string;
  readonly days?: boolean;
  readonly hideTime?: boolean;
}

/** A chart of values over time. What it shows must also stand in words or a table: a canvas says nothing to a screen reader. */
export function Chart(props: ChartProps) {
  const [host, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const look = `${isDark.value} ${language.value} ${zone.value} ${props.series.map(s => s.label + s.kind).join()} ${props.height}`;

  useLayoutEffect(() => {
    if (width === 0 || !host.current) {
      return undefined;
    }
    const made = new uPlot(options(latest, width), latest.current.columns as uPlot.AlignedData, host.current);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [width > 0, look]);

  useEffect(() => {
    if (plot.current && width > 0 && plot.current.width !== width) {
      plot.current.setSize({ width, height: latest.current.height });
    }
  }, [width]);

  useEffect(() => plot.current?.setData(props.columns as uPlot.AlignedData), [props.columns]);

  return <div class="chart" ref={host} role="img" aria-label={props.label} style={{ height: `${props.height}px` }} />;
}

function options(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const props = latest.current;
  const resolved = new Map<string, string>();
  const colour = (name: string): string => {
    const value = resolved.get(name) ?? resolve(name);
    resolved.set(name, value);
    return value;
  };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour('--dim'), font, ticks: { stroke: colour('--line'), width: 1, size: 4 }, grid: { stroke: colour('--grid'), width: 1 } };
  const bars = props.draw !== undefined || props.series.some(s => s.kind === 'bars');
  const scales = new Set(props.series.map(s => s.scale ?? 'y'));
  return {
    width,
    height: props.height,
    padding: [8, 4, 0, 18], // half of a time, which stands below the first value
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { size: 5 }, ...(props.sync ? { sync: { key: props.sync } } : {}) },
    scales: {
      x: { time: true, range: (u, min, max) => (bars ? widened(u.data[0], min, max) : [min, max]) },
      y: { range: (_u, min, max) => (min === null || max === null ? [0, 1] : (latest.current.range ?? padded)(min, max)) },
      ...(scales.has('second') ? { second: { range: (_u, _min, max) => [0, (max || 1) * 4] } } : {}),
    },
    axes: [
      { ...axis, show: !props.hideTime, size: props.hideTime ? 0 : 26, values: (_u, splits) => splits.map(s => (props.days ? date(s * 1000) : splits.length > 1 && splits[1]! - splits[0]! < 60 ? timeOfDay(s * 1000) : hourAndMinute(s * 1000))) },
      { ...axis, side: 1, size: 68, values: (_u, splits) => splits.map(s => plain(s)) },
    ],
    series: [{}, ...props.series.map(s => seriesOf(s, colour))],
    hooks: {
      ...(props.draw ? { draw: [u => latest.current.draw?.(u, colour)] } : {}),
      setCursor: [u => showValues(u, latest.current)],
      init: [u => u.over.append(Object.assign(document.createElement('div'), { className: 'chart-values', ariaHidden: 'true' }))],
    },
  };
}

function seriesOf(series: Series, colour: (name: string) => string): uPlot.Series {
  const paths = uPlot.paths;
  const stroke = colour(series.colour);
  const common: uPlot.Series = { label: series.label, scale: series.scale ?? 'y', stroke, width: 1.5, points: { show: false }, ...(series.dash ? { dash: [...series.dash] } : {}) };
  switch (series.kind) {
    case 'hidden':
      return { ...common, paths: () => null };
    case 'points':
      return { ...common, paths: () => null, points: { show: true, size: 5, fill: stroke } };
    case 'steps':
      return { ...common, paths: paths.stepped!({ align: 1 }) };
    case 'area':
      return { ...common, fill: stroke.replace('rgb(', 'rgba(').replace(')', ', 0.12)') };
    case 'bars': {
      const other = series.negative === undefined ? stroke : colour(series.negative);
      return {
        ...common,
        width: 0,
        fill: stroke,
        paths: paths.bars!({
          size: [0.7, 14],
          ...(series.negative === undefined ? {} : {
            disp: {
              fill: { unit: 3, values: u => (u.data[u.series.findIndex(s => s.label === series.label)] as (number | null)[]).map(v => ((v ?? 0) < 0 ? other : stroke)) },
              stroke: { unit: 3, values: u => (u.data[u.series.findIndex(s => s.label === series.label)] as (number | null)[]).map(v => ((v ?? 0) < 0 ? other : stroke)) },
            },
          }),
        }),
      };
    }
    default:
      return common;
  }
}

/** The colour that a variable stands for in the theme of now; canvas knows no variables. */
function resolve(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// The first and the last bar need room for their half.
function widened(times: { readonly length: number }, min: number, max: number): [number, number] {
  const half = times.length > 1 ? (max - min) / (times.length - 1) / 2 : 30;
  return [min - half, max + half];
}

function padded(min: number, max: number): [number, number] {
  const room = (max - min) * 0.06 || Math.abs(max) * 0.001 || 1;
  return [min - room, max + room];
}

/** The values under the pointer, in the corner of the chart. */
function showValues(plot: uPlot, props: ChartProps): void {
  const box = plot.over.querySelector<HTMLElement>('.chart-values');
  const at = plot.cursor.idx;
  if (!box) {
    return;
  }
  if (at === null || at === undefined || props.columns[0][at] === undefined) {
    box.textContent = '';
    return;
  }
  const values = props.series.map((s, i) => [s.label, props.columns[i + 1]?.[at]] as const).filter(([, v]) => v !== null && v !== undefined);
  const time = props.columns[0][at] * 1000;
  box.textContent = `${props.days ? date(time) : timeOfDay(time)}   ${values.map(([label, v]) => `${label} ${plain(v)}`).join('   ')}`;
}
