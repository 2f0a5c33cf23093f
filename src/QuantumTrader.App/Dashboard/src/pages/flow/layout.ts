/** Where a block stands: `along` the flow and `across` it, in units of one place. */
export interface Place {
  readonly name: string;
  along: number;
  across: number;
}

/** The way of an edge through the layers that it passes. */
export interface Way {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly points: readonly { along: number; across: number }[];
}

export interface Layout {
  readonly places: readonly Place[];
  readonly ways: readonly Way[];
  readonly layers: number;
  readonly lanes: number;
}

interface Vertex {
  readonly name: string;
  readonly real: boolean;
  layer: number;
  across: number;
  readonly before: Vertex[];
  readonly after: Vertex[];
}

/**
 * Layers of a graph without cycles (Sugiyama): each block behind all that feed it, edges over several layers led through places of their
 * own, few crossings by the mean place of neighbours, then straightened.
 */
export function layOut(names: readonly string[], edges: readonly { key: string; from: string; to: string }[]): Layout {
  const vertices = new Map<string, Vertex>(names.map(name => [name, { name, real: true, layer: 0, across: 0, before: [], after: [] }]));
  const known = edges.filter(e => vertices.has(e.from) && vertices.has(e.to) && e.from !== e.to);
  assignLayers(names, known, vertices);

  const all = [...vertices.values()];
  const ways: { key: string; from: string; to: string; through: Vertex[] }[] = [];
  for (const edge of known) {
    const through = [vertices.get(edge.from)!];
    const last = vertices.get(edge.to)!;
    for (let layer = through[0]!.layer + 1; layer < last.layer; layer++) {
      const passing: Vertex = { name: edge.key, real: false, layer, across: 0, before: [], after: [] };
      all.push(passing);
      through.push(passing);
    }
    through.push(last);
    for (let i = 1; i < through.length; i++) {
      through[i - 1]!.after.push(through[i]!);
      through[i]!.before.push(through[i - 1]!);
    }
    ways.push({ key: edge.key, from: edge.from, to: edge.to, through });
  }

  const layers: Vertex[][] = [];
  for (const vertex of all) {
    (layers[vertex.layer] ??= []).push(vertex);
  }
  order(layers);
  straighten(layers);
  ways.forEach(way => levelOut(way.through.filter(v => !v.real), layers));

  const least = Math.min(...all.map(v => v.across));
  const most = Math.max(...all.map(v => v.across));
  return {
    places: all.filter(v => v.real).map(v => ({ name: v.name, along: v.layer, across: v.across - least })),
    ways: ways.map(w => ({ key: w.key, from: w.from, to: w.to, points: w.through.map(v => ({ along: v.layer, across: v.across - least })) })),
    layers: layers.length,
    lanes: most - least + 1,
  };
}

function assignLayers(names: readonly string[], edges: readonly { from: string; to: string }[], vertices: Map<string, Vertex>): void {
  // At most one round for each block, so that a cycle cannot hold it up.
  for (let round = 0; round < names.length; round++) {
    let changed = false;
    for (const edge of edges) {
      const from = vertices.get(edge.from)!;
      const to = vertices.get(edge.to)!;
      if (to.layer <= from.layer && from.layer + 1 < names.length) {
        to.layer = from.layer + 1;
        changed = true;
      }
    }
    if (!changed) {
      return;
    }
  }
}

function order(layers: Vertex[][]): void {
  layers.forEach(layer => layer.forEach((v, i) => (v.across = i)));
  for (let sweep = 0; sweep < 8; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wanted = new Map(layer.map(v => [v, mean(down ? v.before : v.after) ?? v.across]));
      layer.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
      layer.forEach((v, i) => (v.across = i));
    }
  }
}

/** The priority method: in each layer those on the longest ways choose their place first, so that the main line stays straight. */
function straighten(layers: Vertex[][]): void {
  layers.forEach(layer => layer.forEach((v, i) => (v.across = i - (layer.length - 1) / 2)));
  const length = waysThrough(layers);
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const placed = new Map<number, number>();
      for (const { v, i } of layer.map((v, i) => ({ v, i })).sort((a, b) => length.get(b.v)! - length.get(a.v)! || a.i - b.i)) {
        const lowest = Math.max(...[...placed].filter(([j]) => j < i).map(([j, at]) => at + i - j));
        const highest = Math.min(...[...placed].filter(([j]) => j > i).map(([j, at]) => at + i - j));
        placed.set(i, Math.min(highest, Math.max(lowest, wish(v, length))));
      }
      layer.forEach((v, i) => (v.across = placed.get(i)!));
    }
  }
  layers.flat().forEach(v => (v.across = Math.round(v.across * 2) / 2));
}

/** For each vertex, the layers that the longest way through it passes; of a passing way none, as it gives way to blocks. */
function waysThrough(layers: readonly Vertex[][]): Map<Vertex, number> {
  const after = new Map<Vertex, number>();
  for (const v of [...layers].reverse().flat()) {
    after.set(v, v.real ? 1 + Math.max(0, ...v.after.filter(w => w.real).map(w => after.get(w)!)) : 0);
  }
  return new Map(layers.flat().map(v => [v, v.real ? v.layer + after.get(v)! : 0]));
}

// A block lines up with the neighbours on the longest ways; a way that only passes it must not pull it aside.
function wish(vertex: Vertex, length: Map<Vertex, number>): number {
  const neighbours = [...vertex.before, ...vertex.after].filter(v => !vertex.real || v.real);
  const longest = Math.max(...neighbours.map(v => length.get(v)!));
  return mean(neighbours.filter(v => length.get(v) === longest)) ?? vertex.across;
}

/** Leads a long way straight past the blocks, at the first height where it meets none. */
function levelOut(chain: readonly Vertex[], layers: readonly Vertex[][]): void {
  const heights = [...new Set(chain.map(v => v.across))].sort((a, b) => chain.reduce((sum, v) => sum + Math.abs(v.across - a) - Math.abs(v.across - b), 0));
  const lowest = Math.max(...layers.flat().map(v => v.across));
  const free = [...heights, ...Array.from({ length: layers.length }, (_, i) => lowest + (i + 1) / 2)].find(height => chain.every(v => layers[v.layer]!.every(other => other === v || Math.abs(other.across - height) >= (other.real ? 0.85 : 0.3))));
  if (free !== undefined) {
    chain.forEach(v => (v.across = free));
  }
}

function mean(vertices: readonly Vertex[]): number | undefined {
  return vertices.length === 0 ? undefined : vertices.reduce((sum, v) => sum + v.across, 0) / vertices.length;
}
