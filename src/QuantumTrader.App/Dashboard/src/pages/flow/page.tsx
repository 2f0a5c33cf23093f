import { useSignal } from '@preact/signals';
import type { Block, Counts, FlowDocument, Maybe } from '../../live/documents';
import { fixed, integer, microseconds, percent, perSecond, plain } from '../../look/format';
import { t } from '../../look/words';
import { Bar, Panel, Scroll, ThreeStates } from '../../parts/basics';
import { BlockDetail } from './block-detail';
import { bottleneckOf } from './bottleneck';
import { edgesOf, fillOf } from './edges';
import { Graph } from './graph';

/** What flows, and what is stuck. */
export function FlowPage(props: { flow: FlowDocument }) {
  const chosen = useSignal<string | undefined>(undefined);
  const { flow } = props;
  const bottleneck = bottleneckOf(flow);
  const name = chosen.value !== undefined && flow.blocks[chosen.value] ? chosen.value : (bottleneck.block ?? Object.keys(flow.blocks)[0]);
  const block = name === undefined ? undefined : flow.blocks[name];
  const select = (n: string) => (chosen.value = n);
  const slowest = Object.values(flow.latency ?? {}).sort((a, b) => (b.recent_p99 ?? 0) - (a.recent_p99 ?? 0))[0];
  return (
    <div class="page flow">
      <div class="sentence">
        <p class={bottleneck.isShort ? 'warn' : ''} data-test="bottleneck">{bottleneck.sentence}</p>
        {typeof slowest?.recent_p99 === 'number' ? <p class="quiet" data-test="slowest">{t('flow.slowest', { from: slowest.from, to: slowest.to, p50: microseconds(slowest.p50), p99: microseconds(slowest.recent_p99) })}</p> : null}
      </div>
      <Panel title={t('flow.graph')} class="wide" note={<Legend />}>
        <Graph flow={flow} selected={name} bottleneck={bottleneck.isShort ? bottleneck.block : undefined} onSelect={select} />
      </Panel>
      <Panel title={t('flow.blocks')}>
        <Scroll label={t('flow.blocks')}>
          <table class="blocks">
            <thead>
              <tr>
                <th scope="col">{t('flow.block')}</th><th scope="col">{t('flow.in')}</th><th scope="col">{t('flow.out')}</th><th scope="col">{t('flow.fill')}</th>
                <th scope="col">{t('flow.time')}</th><th scope="col">{t('flow.busy')}</th><th scope="col">{t('flow.backpressured')}</th><th scope="col">ns</th><th scope="col">{t('flow.held')}</th>
                <th scope="col">{t('flow.dropped')}</th><th scope="col">{t('flow.errors')}</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(flow.blocks).map(([n, b]) => <BlockRow key={n} name={n} block={b} fill={fullest(flow, n)} isSelected={n === name} onSelect={select} />)}
            </tbody>
          </table>
        </Scroll>
      </Panel>
      {name !== undefined && block ? <BlockDetail flow={flow} name={name} block={block} /> : null}
    </div>
  );
}

function BlockRow(props: { name: string; block: Block; fill: number | 'fused' | undefined; isSelected: boolean; onSelect: (block: string) => void }) {
  const { block, fill } = props;
  return (
    <tr class={props.isSelected ? 'selected' : ''}>
      <th scope="row"><button type="button" class="plain" onClick={() => props.onSelect(props.name)}>{props.name}</button></th>
      <td>{perSecond(block.in_per_second)}</td>
      <td>{perSecond(block.out_per_second)}</td>
      <td>{fill === undefined ? <span class="quiet">–</span> : fill === 'fused' ? <span class="quiet">{t('flow.fused_short')}</span> : <><Bar share={fill} tone={fill >= 0.9 ? 'bad' : fill >= 0.5 ? 'warn' : ''} /> {percent(fill)}</>}</td>
      <td><ThreeStates busy={block.busy} backpressured={block.backpressured} idle={block.idle} /></td>
      <td>{percent(block.busy)}</td>
      <td>{percent(block.backpressured)}</td>
      <td>{fixed(block.nanoseconds_per_event, 0)}</td>
      <td>{integer(block.held)}</td>
      <td title={reasonsOf(block.dropped)}>{integer(sum(block.dropped))}</td>
      <td class={sum(block.errors) > 0 ? 'bad' : ''} title={reasonsOf(block.errors)}>{integer(sum(block.errors))}</td>
    </tr>
  );
}

function Legend() {
  return (
    <ul class="legend">
      <li><i class="swatch busy" />{t('flow.busy')}</li>
      <li><i class="swatch backpressured" />{t('flow.backpressured')}</li>
      <li><i class="swatch thin" />{t('flow.width_is_rate')}</li>
      <li><i class="swatch filling" />{t('flow.half_full')}</li>
      <li><i class="swatch full" />{t('flow.nearly_full')}</li>
    </ul>
  );
}

function fullest(flow: FlowDocument, name: string): number | 'fused' | undefined {
  const inputs = edgesOf(flow).filter(e => e.to === name);
  const queues = inputs.filter(e => !e.fused);
  return inputs.length === 0 ? undefined : queues.length === 0 ? 'fused' : Math.max(...queues.map(fillOf));
}

function reasonsOf(counts: Maybe<Counts>): string | undefined {
  return Object.entries(counts ?? {}).map(([reason, count]) => `${reason} ${plain(count)}`).join(', ') || undefined;
}

function sum(counts: Maybe<Counts>): number {
  return Object.values(counts ?? {}).reduce((a, b) => a + b, 0);
}
