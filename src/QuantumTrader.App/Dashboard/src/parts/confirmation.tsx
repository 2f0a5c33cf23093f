import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { post, Refused, token } from '../live/api';
import type { Json } from '../live/merge';
import { t } from '../look/words';

/** A change that a user has asked for and not yet confirmed. */
export interface Change {
  /** What is done, in one sentence. */
  readonly sentence: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly path: string;
  readonly body: { readonly [key: string]: Json };
  readonly isDangerous?: boolean;
}

const asked = signal<Change | undefined>(undefined);

/** The pipeline's file when its run has no token, so that nobody can change anything; otherwise undefined. */
export const locked = signal<string | undefined>(undefined);

/** A button that changes something: asks first, and where nothing can be changed says how it could be. */
export function ChangeButton(props: { change: Change; class?: string; children: ComponentChildren; [data: `data-${string}`]: string | number }) {
  const { change, children, ...others } = props;
  return <button type="button" {...others} class={`${props.class ?? ''} ${locked.value === undefined ? '' : 'locked'}`} title={locked.value === undefined ? undefined : t('confirm.locked')} onClick={() => (asked.value = change)}>{children}</button>;
}

/** The one dialog of the page: says what will happen, takes a reason and the token, and shows the host's refusal in its own words. */
export function Confirmation() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState('');
  const [isSending, setSending] = useState(false);
  const change = asked.value;

  useEffect(() => {
    if (change) {
      setReason('');
      setProblem('');
      dialog.current?.showModal();
    } else {
      dialog.current?.close();
    }
  }, [change]);

  const send = async (event: Event) => {
    event.preventDefault();
    if (!change || isSending) {
      return;
    }
    setSending(true);
    setProblem('');
    try {
      await post(change.path, { ...change.body, reason });
      asked.value = undefined;
    } catch (error) {
      setProblem(error instanceof Refused && error.status === 401 ? `${t('confirm.wrong_token')} (${error.message})` : error instanceof Error ? error.message : String(error));
    } finally {
      setSending(false);
    }
  };

  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={() => (asked.value = undefined)}>
      {change && locked.value !== undefined ? (
        <div class="locked-how">
          <h2 id="confirm-title">{t('confirm.locked')}</h2>
          <p>{t('confirm.locked_how')}</p>
          <pre tabIndex={0} aria-label={t('confirm.locked_how')}>QT_TOKEN=… ./qt run {locked.value} --listen</pre>
          <div class="buttons"><button type="button" onClick={() => (asked.value = undefined)}>{t('confirm.close')}</button></div>
        </div>
      ) : change ? (
        <form onSubmit={event => void send(event)}>
          <h2 id="confirm-title">{t('confirm.title')}</h2>
          <p>{change.sentence}</p>
          <label>{t('confirm.reason')}<input name="reason" value={reason} required maxLength={200} autocomplete="off" onInput={e => setReason(e.currentTarget.value)} /></label>
          <label>{t('confirm.token')}<input name="token" type="password" value={token.value} required autocomplete="off" onInput={e => (token.value = e.currentTarget.value)} /></label>
          <p class="quiet">{t('confirm.token_kept')}</p>
          {problem !== '' ? <p class="bad" role="alert">{problem}</p> : null}
          <div class="buttons">
            <button type="button" onClick={() => (asked.value = undefined)}>{t('confirm.cancel')}</button>
            <button type="submit" class={change.isDangerous ? 'danger' : 'primary'} disabled={isSending}>{change.verb}</button>
          </div>
        </form>
      ) : null}
    </dialog>
  );
}
