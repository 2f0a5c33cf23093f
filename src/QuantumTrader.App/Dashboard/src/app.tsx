import { useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { AlertsDocument, EmptyDocument, FlowDocument, MarketDocument, ModelDocument, RolloutDocument, TradingDocument } from './live/documents';
import { connection, topic, watch } from './live/connection';
import { exchangeZone } from './look/format';
import { t } from './look/words';
import { Empty } from './parts/basics';
import { Confirmation, locked } from './parts/confirmation';
import { Notice } from './shell/notice';
import { Status } from './shell/status';
import { Tabs } from './shell/tabs';
import { pages, route, titleOf, type Page } from './route';
import { FlowPage } from './pages/flow/page';
import { HistoryPage } from './pages/history/page';
import { MarketPage } from './pages/market/page';
import { ModelPage } from './pages/model/page';
import { RolloutPage } from './pages/rollout/page';
import { TradingPage } from './pages/trading/page';
import { missing } from './pages/missing';

const everywhere = ['flow', 'alerts', 'rollout', 'trading'];

/** The topic that a page shows besides those that stand at the top of every page. */
function topicOf(page: Page, symbol: string | undefined): string | undefined {
  return page === 'market' ? (symbol === undefined ? undefined : `market:${symbol}`) : page === 'model' ? page : undefined;
}

export function App() {
  const flow = topic<FlowDocument>('flow').value;
  const { page } = route.value;
  const symbols = flow?.pipeline.symbols ?? [];
  const symbol = route.value.symbol ?? symbols[0];

  useSignalEffect(() => {
    const known = topic<FlowDocument>('flow').value?.pipeline;
    exchangeZone.value = known?.time_zone ?? 'UTC';
    const own = topicOf(route.value.page, route.value.symbol ?? known?.symbols?.[0]);
    watch(own === undefined ? everywhere : [...everywhere, own]);
    locked.value = known?.changeable === false ? known.file ?? '' : undefined;
    document.title = `${titleOf(route.value.page)} · ${known?.name ?? 'QuantumTrader'}`;
  });

  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t('shell.skip')}</a>
      <header class="top">
        <Tabs page={page} pages={pages} />
        <Status flow={flow} alerts={topic<AlertsDocument>('alerts').value} rollout={there(topic<RolloutDocument | EmptyDocument>('rollout').value)} trading={there(topic<TradingDocument | EmptyDocument>('trading').value)} />
      </header>
      <Notice connection={connection.value} pipeline={flow?.pipeline} />
      <main id="main" tabIndex={-1} aria-label={titleOf(page)}>
        <h1 class="hidden">{titleOf(page)}</h1>
        {flow ? <Shown page={page} flow={flow} symbol={symbol} symbols={symbols} /> : <Waiting />}
      </main>
      <Confirmation />
    </>
  );
}

function Shown(props: { page: Page; flow: FlowDocument; symbol: string | undefined; symbols: readonly string[] }) {
  const { page, flow, symbol, symbols } = props;
  switch (page) {
    case 'flow':
      return <FlowPage flow={flow} />;
    case 'history':
      return symbol === undefined ? <Empty title="empty.no_symbols" /> : <HistoryPage key={symbol} symbol={symbol} symbols={symbols} now={flow.pipeline.event_time} />;
    case 'market':
      return symbol === undefined ? <Empty title="empty.no_symbols" /> : <Topic<MarketDocument> name={`market:${symbol}`} page={page}>{market => <MarketPage market={market} symbol={symbol} symbols={symbols} />}</Topic>;
    case 'model':
      return <Topic<ModelDocument> name="model" page={page}>{model => <ModelPage model={model} />}</Topic>;
    case 'rollout':
      return <Topic<RolloutDocument> name="rollout" page={page}>{rollout => <RolloutPage rollout={rollout} />}</Topic>;
    case 'trading':
      return <Topic<TradingDocument> name="trading" page={page}>{trading => <TradingPage trading={trading} />}</Topic>;
  }
}

/** A topic's page once its snapshot is there, or what the pipeline lacks. */
function Topic<T>(props: { name: string; page: Page; children: (document: T) => ComponentChildren }) {
  const document = topic<T | EmptyDocument>(props.name).value;
  const shown = there(document);
  return document === undefined ? <Waiting /> : shown === undefined ? <Empty {...missing(props.page)} /> : <>{props.children(shown)}</>;
}

/** A topic's document; undefined while it has not come, and when the pipeline has no such part. */
function there<T>(document: T | EmptyDocument | undefined): T | undefined {
  return typeof document === 'object' && document !== null && 'empty' in document ? undefined : document;
}

function Waiting() {
  return <p class="waiting" role="status">{t('shell.waiting')}</p>;
}

// The address after # is the page's; a jump to #main would lose it.
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
