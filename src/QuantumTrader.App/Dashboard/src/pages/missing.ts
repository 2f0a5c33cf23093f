import type { Word } from '../look/words';
import type { Page } from '../route';

/** What a pipeline must have for a page to show something. */
export function missing(page: Page): { title: Word; hint: Word; yaml: string } {
  switch (page) {
    case 'model':
      return { title: 'empty.no_model', hint: 'empty.add', yaml: '  features: { type: features.basic, from: book }\n  model:    { type: model.onnx, from: features, model: models/demo.onnx }' };
    case 'rollout':
      return { title: 'empty.no_rollout', hint: 'empty.add', yaml: 'rollout:\n  phases:\n    - name: retrained\n      baseline: { block: model }\n      candidate: { block: retrained, version: "2" }\n      steps: [{ shadow: { min_samples: 500 } }, { serve: 20% }, { serve: 100% }]' };
    case 'trading':
      return { title: 'empty.no_orders', hint: 'empty.add', yaml: '  signal: { type: signal, from: model }\n  risk:   { type: risk, from: signal, max_position: 1 }\n  orders: { type: execution.paper, from: risk, market: book }' };
    case 'history':
      return { title: 'empty.no_store', hint: 'empty.add', yaml: 'store: { kind: journal, journal: { path: history } }\nblocks:\n  keep: { type: sink.store, from: normalize }' };
    default:
      return { title: 'empty.no_market', hint: 'empty.add', yaml: '  book:  { type: book, from: normalize }\n  rings: { type: rings, from: book, trades: 1000, books: 100, candles: 201 }' };
  }
}
