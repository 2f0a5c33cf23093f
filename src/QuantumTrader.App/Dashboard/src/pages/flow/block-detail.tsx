import { useState } from 'preact/hooks';
import type { Block, Counts, FlowDocument, Maybe } from '../../live/documents';
import { fixed, integer, microseconds, percent, perSecond, plain, seconds } from '../../look/format';
import { code, t } from '../../look/words';
import { Bar, Fact, Panel, Scroll, ThreeStates } from '../../parts/basics';
import { edgesOf, fillOf } from './edges';
import { Tap } from './tap';

/** All that is known of one block. */
export function BlockDetail(props: { flow: FlowDocument; name: string; block: Block }) {
  const { flow, name, block } = props;
  const [tapped, setTapped] = useState<string>();
  const sentence = flow.pipeline.blocks?.find(b => b.name === name)?.sentence;
  const edges = edgesOf(flow).filter(e => e.to === name || e.from === name);
  const latencies = Object.entries(flow.latency ?? {}).filter(([, l]) => l.to === name || l.from === name);
  return (
    <Panel title={name} class="detail" note={<code>{block.type}</code>}>
      {sentence ? <p class="quiet" lang="en">{sentence}</p> : null}
      <h3>{t('flow.time')}</h3>
      <ThreeStates busy={block.busy} backpressured={block.backpressured} idle={block.idle} />
      <dl class="facts three">
        <Fact name={`■ ${t('flow.busy')}`} value={percent(block.busy)} />
        <Fact name={`▨ ${t('flow.backpressured')}`} value={percent(block.backpressured)} />
        <Fact name={`□ ${t('flow.idle')}`} value={percent(block.idle)} />
      </dl>
      <h3>{t('flow.events')}</h3>
      <dl class="facts">
        <Fact name={t('flow.in')} value={`${integer(block.in)} · ${perSecond(block.in_per_second)}`} />
        <Fact name={t('flow.out')} value={`${integer(block.out)} · ${perSecond(block.out_per_second)}`} />
        <Fact name={t('flow.held')} value={integer(block.held)} />
        <Fact name={t('flow.per_event')} value={`${fixed(block.nanoseconds_per_event, 0)} ns`} />
        <Fact name={t('flow.longest_stall')} value={seconds(block.longest_stall_seconds)} />
      </dl>
      <h3>{t('flow.queues')}</h3>
      <ul class="queues">
        {edges.map(e => (
          <li key={e.key}>
            <span>{e.to === name ? `← ${e.from}` : `→ ${e.to}`}{e.port && e.port !== 'in' && e.port !== 'from' ? ` (${e.port})` : ''}</span>
            {e.fused ? <span class="quiet">{t('flow.fused')}</span> : (
              <>
                <Bar share={fillOf(e)} tone={fillOf(e) >= 0.9 ? 'bad' : fillOf(e) >= 0.5 ? 'warn' : ''} />
                <span>{integer(e.depth)} / {integer(e.capacity)}</span>
                <span class="quiet">{t('flow.when_full')} {code('when_full', e.when_full)}, {t('flow.high_water')} {integer(e.high_water)}{e.spilled ? `, ${t('flow.spilled')} ${integer(e.spilled)}` : ''}{e.lost > 0 ? `, ${t('flow.dropped')} ${integer(e.lost)}` : ''}</span>
              </>
            )}
          </li>
        ))}
      </ul>
      {latencies.length > 0 ? (
        <>
          <h3>{t('flow.latency')}</h3>
          <Scroll label={t('flow.latency')}><table>
            <thead><tr><th scope="col">{t('flow.way')}</th><th scope="col">p50</th><th scope="col">p99</th><th scope="col">p99.9</th></tr></thead>
            <tbody>{latencies.map(([key, l]) => <tr key={key}><th scope="row">{l.from} → {l.to}</th><td>{microseconds(l.p50)}</td><td>{microseconds(l.p99)}</td><td>{microseconds(l.p999)}</td></tr>)}</tbody>
          </table></Scroll>
        </>
      ) : null}
      <Reasons title={t('flow.dropped')} counts={block.dropped} />
      <Reasons title={t('flow.errors')} counts={block.errors} />
      {block.last_errors && block.last_errors.length > 0 ? (
        <>
          <h3>{t('flow.last_errors')}</h3>
          <ul class="errors" lang="en">{block.last_errors.map((text, i) => <li key={i}>{text}</li>)}</ul>
        </>
      ) : null}
      <Reasons title={t('flow.gauges')} counts={block.gauges} />
      <h3>{t('flow.tap')}</h3>
      <button type="button" aria-expanded={tapped === name} onClick={() => setTapped(tapped === name ? undefined : name)}>{tapped === name ? t('flow.tap_close') : t('flow.tap_open')}</button>
      {tapped === name ? <Tap block={name} /> : null}
    </Panel>
  );
}

function Reasons(props: { title: string; counts: Maybe<Counts> }) {
  const entries = Object.entries(props.counts ?? {});
  return entries.length === 0 ? null : (
    <>
      <h3>{props.title}</h3>
      <dl class="facts">{entries.map(([name, count]) => <Fact key={name} name={name} value={plain(count)} />)}</dl>
    </>
  );
}
