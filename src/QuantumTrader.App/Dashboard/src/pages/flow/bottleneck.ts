import type { Block, FlowDocument } from '../../live/documents';
import { fixed, percent } from '../../look/format';
import { t } from '../../look/words';
import { edgesOf } from './edges';

/** The block that limits the pipeline, and a sentence that says so. */
export interface Bottleneck {
  readonly block: string | undefined;
  readonly isShort: boolean;
  readonly sentence: string;
}

/**
 * Names the busiest island and who waits for it, by the rules of the engine's own report, in the page's language. Sources are left out:
 * one that reads as fast as it can is at work all the time, and nothing is short.
 */
export function bottleneckOf(flow: FlowDocument): Bottleneck {
  const islands = new Map<string, [string, Block][]>();
  const fed = new Set(edgesOf(flow).map(e => e.to));
  for (const entry of Object.entries(flow.blocks).filter(([name]) => fed.has(name))) {
    const island = String(entry[1].island ?? entry[0]);
    islands.set(island, [...(islands.get(island) ?? []), entry]);
  }
  const busy = (members: [string, Block][]) => Math.max(...members.map(([, b]) => b.busy ?? 0));
  const busiest = [...islands.values()].sort((a, b) => busy(b) - busy(a))[0];
  if (!busiest) {
    return { block: undefined, isShort: false, sentence: '' };
  }
  const cost = ([, b]: [string, Block]) => (b.nanoseconds_per_event ?? 0) * b.in;
  const [block, costliest] = [...busiest].sort((a, b) => cost(b) - cost(a))[0]!;
  const share = busy(busiest);
  const what = busiest.length === 1 ? block : t('flow.island', { blocks: namesOf(busiest), block, nanoseconds: fixed(costliest.nanoseconds_per_event, 0) });
  if (share < 0.5) {
    return { block, isShort: false, sentence: t('flow.nothing_short', { what, share: percent(share) }) };
  }
  const waiting = Object.entries(flow.blocks).filter(([n]) => !busiest.some(([b]) => b === n)).sort(([, a], [, b]) => (b.backpressured ?? 0) - (a.backpressured ?? 0))[0];
  const effect = waiting && (waiting[1].backpressured ?? 0) > 0.1 ? ' ' + t('flow.waits', { block: waiting[0], share: percent(waiting[1].backpressured) }) : '';
  return { block, isShort: true, sentence: t('flow.bottleneck', { what, share: percent(share) }) + effect };
}

/** All of a few, the ends of many. */
function namesOf(members: readonly [string, Block][]): string {
  const names = members.map(([name]) => name);
  return names.length <= 5 ? names.join(' + ') : `${names[0]} … ${names.at(-1)}`;
}
