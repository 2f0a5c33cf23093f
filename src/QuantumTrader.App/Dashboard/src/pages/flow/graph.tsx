import { useMemo } from 'preact/hooks';
import type { Block, FlowDocument } from '../../live/documents';
import { compact, percent, perSecond } from '../../look/format';
import { t } from '../../look/words';
import { ThreeStates } from '../../parts/basics';
import { useWidth } from '../../parts/size';
import { edgesOf, fillOf, type Connection } from './edges';
import { layOut, type Layout } from './layout';

const node = { width: 132, least: 82, height: 66 };
const gap = { along: 46, across: 20 };
const manyLayers = 8;
const mostLayers = 11;

/** The pipeline's blocks, and between them edges as wide as their rate and coloured by how full they are. */
export function Graph(props: { flow: FlowDocument; selected: string | undefined; bottleneck: string | undefined; onSelect: (block: string) => void }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const { blocks } = props.flow;
  const edges = edgesOf(props.flow);
  const shape = `${Object.keys(blocks).join()} ${edges.map(e => e.key).join()}`;
  const layout = useMemo(() => layOut(Object.keys(blocks), edges), [shape]);
  const view = viewOf(layout, width);
  const most = Math.max(1, ...edges.map(e => e.in_per_second));
  return (
    <div class="graph" ref={frame} tabIndex={0} role="group" aria-label={t('flow.graph')} onKeyDown={event => walk(event, layout, view.upright)}>
      {width === 0 ? null : (
        <div class="graph-sheet" style={{ width: `${view.width}px`, height: `${view.height}px` }}>
          <svg width={view.width} height={view.height} aria-hidden="true">
            {layout.ways.map(way => {
              const edge = edges.find(e => e.key === way.key);
              return edge ? <Link key={way.key} edge={edge} path={view.path(way.points)} middle={view.middle(way.points)} most={most} isLit={way.from === props.selected || way.to === props.selected} /> : null;
            })}
          </svg>
          {layout.places.map(place => {
            const block = blocks[place.name];
            const [left, top] = view.corner(place.along, place.across);
            return block ? (
              <Node key={place.name} name={place.name} block={block} left={left} top={top} width={view.nodeWidth} isSelected={place.name === props.selected} isBottleneck={place.name === props.bottleneck} onSelect={props.onSelect} />
            ) : null;
          })}
        </div>
      )}
    </div>
  );
}

function Node(props: { name: string; block: Block; left: number; top: number; width: number; isSelected: boolean; isBottleneck: boolean; onSelect: (block: string) => void }) {
  const { block } = props;
  const errors = Object.values(block.errors ?? {}).reduce((a, b) => a + b, 0);
  return (
    <button
      type="button"
      class={`node ${props.isSelected ? 'selected' : ''} ${props.isBottleneck ? 'short' : ''}`}
      data-block={props.name}
      aria-pressed={props.isSelected}
      title={props.name}
      style={{ left: `${props.left}px`, top: `${props.top}px`, width: `${props.width}px`, height: `${node.height}px` }}
      onClick={() => props.onSelect(props.name)}
    >
      <span class="node-name">{props.name}</span>
      <span class="node-type">{props.isBottleneck ? t('flow.is_bottleneck') : block.type}</span>
      <span class="node-rate">
        {perSecond(block.out_per_second || block.in_per_second)}
        {errors > 0 ? <b class="bad" title={t('flow.errors')}> ! {compact(errors)}</b> : null}
      </span>
      <ThreeStates busy={block.busy} backpressured={block.backpressured} idle={block.idle} />
    </button>
  );
}

function Link(props: { edge: Connection; path: string; middle: readonly [number, number]; most: number; isLit: boolean }) {
  const { edge } = props;
  const fill = fillOf(edge);
  const tone = fill >= 0.9 ? 'full' : fill >= 0.5 ? 'filling' : '';
  const size = 1.25 + 7 * Math.sqrt(edge.in_per_second / props.most);
  const label = [fill >= 0.5 ? percent(fill) : '', edge.lost > 0 ? `−${compact(edge.lost)}` : ''].filter(s => s !== '').join(' · ');
  return (
    <g class={`link ${edge.fused ? 'fused' : ''} ${tone} ${props.isLit ? 'lit' : ''}`}>
      <path d={props.path} style={{ strokeWidth: `${size}px` }} />
      {label !== '' ? <text x={props.middle[0]} y={props.middle[1]} text-anchor="middle">{label}</text> : null}
    </g>
  );
}

/** Turns places into pixels: from left to right where there is room, from top to bottom on a narrow screen. */
function viewOf(layout: Layout, width: number) {
  const upright = width < 640;
  const along = layout.layers > mostLayers ? gap.along * 0.5 : layout.layers > manyLayers ? gap.along * 0.7 : gap.along;
  const nodeWidth = upright
    ? Math.min(node.width + 20, Math.max(88, (width - 12) / layout.lanes - 12))
    : Math.max(node.least, Math.min(node.width + 20, (width - 4 + along) / layout.layers - along));
  const step = upright
    ? { x: nodeWidth + 12, y: node.height + 30 }
    : { x: nodeWidth + along, y: node.height + gap.across };
  const corner = (along: number, across: number): [number, number] => (upright ? [2 + across * step.x, 2 + along * step.y] : [2 + along * step.x, 2 + across * step.y]);
  const ends = (points: Layout['ways'][number]['points']) => points.map((p, i) => {
    const [x, y] = corner(p.along, p.across);
    const isFirst = i === 0;
    const isLast = i === points.length - 1;
    return upright
      ? { x: x + nodeWidth / 2, in: isFirst ? y + node.height : y, out: isLast ? y : y + node.height }
      : { x: y + node.height / 2, in: isFirst ? x + nodeWidth : x, out: isLast ? x : x + nodeWidth };
  });
  return {
    upright,
    nodeWidth,
    width: upright ? layout.lanes * step.x - 12 + 4 : layout.layers * step.x - along + 4,
    height: upright ? layout.layers * step.y - 30 + 4 : layout.lanes * step.y - gap.across + 4,
    corner,
    path: (points: Layout['ways'][number]['points']): string => {
      const at = (main: number, cross: number) => (upright ? `${cross},${main}` : `${main},${cross}`);
      const stops = ends(points);
      let path = `M${at(stops[0]!.in, stops[0]!.x)}`;
      for (let i = 1; i < stops.length; i++) {
        const [a, b] = [stops[i - 1]!, stops[i]!];
        const half = (a.out + b.in) / 2;
        const start = i === 1 ? a.in : a.out;
        path += `C${at((start + b.in) / 2 || half, a.x)} ${at((start + b.in) / 2 || half, b.x)} ${at(b.in, b.x)}`;
        if (i < stops.length - 1) {
          path += `L${at(b.out, b.x)}`;
        }
      }
      return path;
    },
    middle: (points: Layout['ways'][number]['points']): readonly [number, number] => {
      const stops = ends(points);
      const [a, b] = [stops[0]!, stops[1]!];
      const [main, cross] = [(a.in + b.in) / 2, (a.x + b.x) / 2];
      return upright ? [cross + 22, main + 4] : [main, cross - 7];
    },
  };
}

/** Arrow keys go from block to block, as they lie on the screen. */
function walk(event: KeyboardEvent, layout: Layout, upright: boolean): void {
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  const name = (event.target as HTMLElement).dataset['block'];
  const here = layout.places.find(p => p.name === name);
  if (!direction || !here) {
    return;
  }
  const [along, across] = upright ? [direction[1]!, direction[0]!] : [direction[0]!, direction[1]!];
  const next = layout.places
    .filter(p => (along !== 0 ? Math.sign(p.along - here.along) === along : p.along === here.along && Math.sign(p.across - here.across) === across))
    .sort((a, b) => distance(a) - distance(b))[0];
  if (next) {
    event.preventDefault();
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-block="${CSS.escape(next.name)}"]`)?.focus();
  }

  function distance(place: { along: number; across: number }): number {
    return Math.abs(place.along - here!.along) * 4 + Math.abs(place.across - here!.across);
  }
}
