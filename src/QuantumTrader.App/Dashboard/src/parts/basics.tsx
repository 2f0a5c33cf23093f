import type { ComponentChildren } from 'preact';
import { t, type Word } from '../look/words';
import { percent } from '../look/format';
import type { Maybe } from '../live/documents';

/** A titled box of a page. */
export function Panel(props: { title: string; note?: ComponentChildren; class?: string; children: ComponentChildren }) {
  return (
    <section class={`panel ${props.class ?? ''}`} aria-label={props.title}>
      <header class="panel-head">
        <h2>{props.title}</h2>
        {props.note ? <div class="panel-note">{props.note}</div> : null}
      </header>
      {props.children}
    </section>
  );
}

/** Something wide that scrolls by itself; reachable by keyboard. */
export function Scroll(props: { label: string; class?: string; children: ComponentChildren }) {
  return <div class={`scroll ${props.class ?? ''}`} tabIndex={0} role="region" aria-label={props.label}>{props.children}</div>;
}

/** A name and its value, one of a list. */
export function Fact(props: { name: string; value: ComponentChildren; tone?: Tone | undefined }) {
  return (
    <div class="fact">
      <dt>{props.name}</dt>
      <dd class={props.tone ?? ''}>{props.value}</dd>
    </div>
  );
}

export type Tone = '' | 'good' | 'bad' | 'warn' | 'quiet';

/** A state in a word; the colour only repeats what the word says. */
export function Badge(props: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${props.tone}`}>{props.children}</span>;
}

/** A filled part of a whole. Its number must stand beside it: the bar is hidden from screen readers. */
export function Bar(props: { share: Maybe<number>; tone?: Tone }) {
  return (
    <span class="bar" aria-hidden="true">
      <i class={props.tone ?? ''} style={{ width: `${Math.min(1, Math.max(0, props.share ?? 0)) * 100}%` }} />
    </span>
  );
}

/** How a block spent its time: busy, waiting for room, idle. */
export function ThreeStates(props: { busy: Maybe<number>; backpressured: Maybe<number>; idle: Maybe<number> }) {
  const label = `${t('flow.busy')} ${percent(props.busy)}, ${t('flow.backpressured')} ${percent(props.backpressured)}, ${t('flow.idle')} ${percent(props.idle)}`;
  return (
    <span class="states" role="img" aria-label={label} title={label}>
      <i class="busy" style={{ width: `${(props.busy ?? 0) * 100}%` }} />
      <i class="backpressured" style={{ width: `${(props.backpressured ?? 0) * 100}%` }} />
    </span>
  );
}

/** Why a page has nothing to show, and what to add to the pipeline. */
export function Empty(props: { title: Word; hint?: Word; yaml?: string; reason?: Maybe<string> }) {
  return (
    <div class="empty">
      <h2>{t(props.title)}</h2>
      {props.hint ? <p>{t(props.hint)}</p> : null}
      {props.yaml ? <pre tabIndex={0} aria-label="YAML">{props.yaml}</pre> : null}
    </div>
  );
}

/** The sign before a colour: up, down, or neither. */
export function arrow(value: Maybe<number>): string {
  return !value ? '' : value > 0 ? '▲' : '▼';
}

export function toneOf(value: Maybe<number>): Tone {
  return !value ? '' : value > 0 ? 'good' : 'bad';
}
