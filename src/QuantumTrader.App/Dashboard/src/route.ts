import { signal } from '@preact/signals';
import { t } from './look/words';

export const pages = ['flow', 'market', 'model', 'rollout', 'trading', 'history'] as const;
export type Page = (typeof pages)[number];

/** Where the user is: `#/market/DEMO`. */
export interface Route {
  readonly page: Page;
  readonly symbol: string | undefined;
}

export const route = signal<Route>(read());

window.addEventListener('hashchange', () => {
  route.value = read();
  // A screen reader hears the new page; a keyboard goes on from its top.
  document.getElementById('main')?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});

export function linkTo(page: Page, symbol?: string): string {
  return `#/${page}${symbol === undefined ? '' : `/${encodeURIComponent(symbol)}`}`;
}

export function titleOf(page: Page): string {
  return t(`page.${page}`);
}

function read(): Route {
  const [, page, symbol] = location.hash.split('/');
  return { page: pages.find(p => p === page) ?? 'flow', symbol: symbol === undefined || symbol === '' ? undefined : decodeURIComponent(symbol) };
}
