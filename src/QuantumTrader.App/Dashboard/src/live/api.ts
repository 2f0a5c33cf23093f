import { signal } from '@preact/signals';
import type { Json } from './merge';

/** The token of this tab. Only in memory: it is gone when the page is closed or loaded again. */
export const token = signal('');

/** What the host answered instead of doing it, in its own words. */
export class Refused extends Error {
  constructor(readonly status: number, text: string) {
    super(text);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answer<T>(await fetch(path, { cache: 'no-store', headers: authorization(), ...(signal ? { signal } : {}) }));
}

/** Changes something; the host wants the token for it. */
export async function post<T>(path: string, body: Json): Promise<T> {
  return answer<T>(await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization() },
    body: JSON.stringify(body),
  }));
}

/** The header that proves who asks; none without a token. */
export function authorization(): Record<string, string> {
  return token.peek() === '' ? {} : { Authorization: `Bearer ${token.peek()}` };
}

/** Throws what the host says when it does not do as it was asked. */
export async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    body = { error: text };
  }
  if (!response.ok) {
    throw new Refused(response.status, whyOf(body) ?? `${response.status} ${response.statusText}`);
  }
  return body as T;
}

function whyOf(body: unknown): string | undefined {
  const { detail, error } = body as { detail?: unknown; error?: unknown };
  return typeof detail === 'string' ? detail : typeof error === 'string' && error !== '' ? error : undefined;
}
