import type { Edge, FlowDocument } from '../../live/documents';

/** The edges between two blocks as one: a parallel block has one for each of its instances, `name#1` and so on. */
export interface Connection {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly fused: boolean;
  readonly when_full: string | null | undefined;
  depth: number;
  capacity: number;
  in_per_second: number;
  lost: number;
  spilled: number;
  high_water: number;
}

export function edgesOf(flow: FlowDocument): Connection[] {
  const found = new Map<string, Connection>();
  for (const edge of Object.values(flow.edges)) {
    const [from, to, port] = [blockOf(edge.from), blockOf(edge.to), edge.port ?? ''];
    if (from === to) {
      continue;
    }
    const key = `${from}>${to}:${port}`;
    let one = found.get(key);
    if (!one) {
      one = { key, from, to, port, fused: edge.fused ?? false, when_full: edge.when_full, depth: 0, capacity: 0, in_per_second: 0, lost: 0, spilled: 0, high_water: 0 };
      found.set(key, one);
    }
    one.depth += edge.depth ?? 0;
    one.capacity += edge.capacity ?? 0;
    one.in_per_second += rateOf(edge, flow);
    one.lost += Object.values(edge.dropped ?? {}).reduce((a, b) => a + b, 0);
    one.spilled += edge.spilled ?? 0;
    one.high_water = Math.max(one.high_water, edge.high_water ?? 0);
  }
  return [...found.values()];
}

/** How full an edge's queue is, 0 to 1; 0 where there is none. */
export function fillOf(edge: Connection): number {
  return edge.fused || edge.capacity === 0 ? 0 : Math.min(1, edge.depth / edge.capacity);
}

// A fused edge counts nothing of its own: what leaves the block passes it.
function rateOf(edge: Edge, flow: FlowDocument): number {
  return Math.max(0, edge.in_per_second ?? flow.blocks[blockOf(edge.from)]?.out_per_second ?? 0);
}

function blockOf(row: string): string {
  return row.split('#')[0]!;
}
