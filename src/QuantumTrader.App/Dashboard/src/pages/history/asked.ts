import { useEffect, useState } from 'preact/hooks';
import { get, Refused } from '../../live/api';

/** An answer of the host: on its way, there, or a reason why not. */
export type Answer<T> = { readonly state: 'asking'; readonly last?: T } | { readonly state: 'there'; readonly last: T } | { readonly state: 'failed'; readonly status: number; readonly why: string; readonly last?: undefined };

/** Asks the host for a path, again whenever it changes; what was there stays until the new answer is. */
export function useAnswer<T>(path: string | undefined): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ state: 'asking' });
  useEffect(() => {
    if (path === undefined) {
      return undefined;
    }
    const stop = new AbortController();
    setAnswer(before => (before.last === undefined ? { state: 'asking' } : { state: 'asking', last: before.last }));

    // A held key asks for many moments; only the one that it stops at is sent.
    const timer = window.setTimeout(() => void get<T>(path, stop.signal).then(
      last => setAnswer({ state: 'there', last }),
      (error: unknown) => {
        if (!stop.signal.aborted) {
          setAnswer({ state: 'failed', status: error instanceof Refused ? error.status : 0, why: error instanceof Error ? error.message : String(error) });
        }
      }), 150);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path]);
  return answer;
}
