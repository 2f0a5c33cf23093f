import { signal, type ReadonlySignal } from '@preact/signals';
import { answer, authorization, Refused } from './api';
import { readEvents } from './events';
import { merge, type Json } from './merge';

/** How the page is connected. `stale`: open, but nothing came for {@link staleAfterSeconds}. `locked`: this host shows nothing without its token. */
export type Connected =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'stale'; readonly since: number }
  | { readonly state: 'gone'; readonly retryAt: number; readonly why: string }
  | { readonly state: 'locked'; readonly why: string };

export const staleAfterSeconds = 5;

const firstRetrySeconds = 0.5;
const longestRetrySeconds = 10;

const connected = signal<Connected>({ state: 'connecting' });
const topics = new Map<string, ReturnType<typeof signal<Json | undefined>>>();
let waiting: { topic: string; replace: boolean; value: Json }[] = [];
let frame = 0;
let hiddenTimer = 0;
let asked: readonly string[] = [];
let wanted: readonly string[] = [];
let current: AbortController | undefined;
let failures = 0;
let retryTimer = 0;
let lastHeard = 0;

/** The state of the connection. */
export const connection: ReadonlySignal<Connected> = connected;

/** A topic's document; undefined until its snapshot has come. */
export function topic<T>(name: string): ReadonlySignal<T | undefined> {
  let document = topics.get(name);
  if (!document) {
    document = signal<Json | undefined>(undefined);
    topics.set(name, document);
  }
  return document as unknown as ReadonlySignal<T | undefined>;
}

/** Asks for these topics, and no longer for others. */
export function watch(names: readonly string[]): void {
  if (names.length === asked.length && names.every((n, i) => n === asked[i])) {
    return;
  }
  asked = wanted = names;
  for (const [name, document] of topics) {
    if (!names.includes(name)) {
      document.value = undefined;
    }
  }
  connect();
}

/** Tries again at once; a page that nobody sees waits until it is seen. */
export function connect(): void {
  current?.abort();
  clearTimeout(retryTimer);
  if (document.hidden) {
    return;
  }
  current = new AbortController();
  void run(current.signal);
}

async function run(signal: AbortSignal): Promise<void> {
  const hadFailed = failures > 0;
  if (!hadFailed && connected.peek().state !== 'live') {
    connected.value = { state: 'connecting' };
  }
  let why = 'the connection ended';
  try {
    const response = await fetch(`api/stream?topics=${wanted.map(encodeURIComponent).join(',')}`, { signal, cache: 'no-store', headers: { Accept: 'text/event-stream', ...authorization() } });
    if (!response.ok || !response.body) {
      await answer(response);
    }
    for await (const event of readEvents(response.body!)) {
      if (signal.aborted) {
        return;
      }
      heard();
      take(event.name, event.data);
    }
  } catch (error) {
    why = error instanceof Error ? error.message : String(error);
    if (error instanceof Refused && !signal.aborted) {
      if (error.status === 401) {
        connected.value = { state: 'locked', why };
        return;
      }
      if (error.status === 400 && wanted.length > 1) {
        // This host has no such topic: the page says so, and the rest goes on.
        withoutExtras();
        return;
      }
    }
  }
  if (!signal.aborted) {
    retry(why);
  }
}

function withoutExtras(): void {
  for (const name of wanted.slice(1)) {
    topic<Json>(name);
    topics.get(name)!.value = { empty: true };
  }
  wanted = wanted.slice(0, 1);
  connect();
}

function heard(): void {
  lastHeard = performance.now();
  failures = 0;
  if (connected.peek().state !== 'live') {
    connected.value = { state: 'live' };
  }
}

function take(name: string, data: string): void {
  if (data === '' || (name !== 'snapshot' && name !== 'delta')) {
    return;
  }
  const message = JSON.parse(data) as { topic: string; data?: Json; patch?: Json };
  const replace = name === 'snapshot';
  waiting.push({ topic: message.topic, replace, value: (replace ? message.data : message.patch) ?? {} });

  // A hidden page draws no frames; its patches would pile up.
  frame ||= requestAnimationFrame(draw);
  hiddenTimer ||= window.setTimeout(draw, 1000);
}

/** Applies all that has come since the last frame. */
function draw(): void {
  cancelAnimationFrame(frame);
  clearTimeout(hiddenTimer);
  frame = hiddenTimer = 0;
  const patches = waiting;
  waiting = [];
  const fresh = new WeakSet<object>();
  const documents = new Map<string, Json | undefined>();
  for (const patch of patches) {
    const before = documents.has(patch.topic) ? documents.get(patch.topic) : topic<Json>(patch.topic).peek();
    documents.set(patch.topic, patch.replace ? patch.value : merge(before, patch.value, fresh));
  }
  for (const [name, document] of documents) {
    if (wanted.includes(name)) {
      topics.get(name)!.value = document;
    }
  }
}

function retry(why: string): void {
  // Jitter: a restarted host is not met by all its pages at the same moment.
  const seconds = Math.min(longestRetrySeconds, firstRetrySeconds * 2 ** failures) * (0.75 + Math.random() / 2);
  failures++;
  connected.value = { state: 'gone', retryAt: Date.now() + seconds * 1000, why };
  retryTimer = window.setTimeout(connect, seconds * 1000);
}

// A page that nobody sees asks for nothing and computes nothing. When it is seen again it begins with what is true then.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && connected.peek().state !== 'locked') {
    waiting = [];
    connected.value = { state: 'connecting' };
  }
  if (connected.peek().state !== 'locked') {
    connect();
  }
});

window.setInterval(() => {
  const silence = (performance.now() - lastHeard) / 1000;
  if (connected.peek().state === 'live' && silence > staleAfterSeconds) {
    connected.value = { state: 'stale', since: Date.now() - silence * 1000 };
  }
}, 1000);
