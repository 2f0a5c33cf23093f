import { useEffect, useState } from 'preact/hooks';
import { get } from '../../live/api';
import { plain, timeOfDay } from '../../look/format';
import { t } from '../../look/words';
import { Scroll } from '../../parts/basics';

type Sample = Readonly<Record<string, unknown>>;

/** The newest events that left a block, asked for once a second while the tap is open. */
export function Tap(props: { block: string }) {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    const ask = async () => {
      if (document.hidden) {
        timer = window.setTimeout(() => void ask(), 1000);
        return;
      }
      try {
        const answer = await get<readonly Sample[] | { readonly events: readonly Sample[] }>(`api/blocks/${encodeURIComponent(props.block)}/tap?n=20`, stop.signal);
        setSamples([...('events' in answer ? answer.events : answer)].slice(-20).reverse());
        setProblem('');
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      }
      if (!stop.signal.aborted) {
        timer = window.setTimeout(() => void ask(), 1000);
      }
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [props.block]);

  const columns = [...new Set(samples.flatMap(s => Object.keys(s)))].slice(0, 12);
  return (
    <Scroll label={t('flow.tap')} class="tap">
      {problem !== '' ? <p class="bad">{problem}</p> : null}
      {samples.length === 0 && problem === '' ? <p class="quiet">{t('flow.tap_empty')}</p> : (
        <table>
          <thead><tr>{columns.map(c => <th key={c} scope="col">{c}</th>)}</tr></thead>
          <tbody>{samples.map((s, i) => <tr key={i}>{columns.map(c => <td key={c}>{show(c, s[c])}</td>)}</tr>)}</tbody>
        </table>
      )}
    </Scroll>
  );
}

function show(column: string, value: unknown): string {
  return value === null || value === undefined ? ''
    : typeof value === 'number' ? plain(value)
      : typeof value === 'string' && (column === 'time' || column === 'ts') ? timeOfDay(value, true)
        : typeof value === 'object' ? JSON.stringify(value).slice(0, 120)
          : String(value);
}
