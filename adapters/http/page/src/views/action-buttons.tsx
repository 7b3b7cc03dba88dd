/** Yes and no to one action. What is low in risk takes one press; what risks more opens a sheet that asks again. */
import { useState } from 'preact/hooks';
import type { Action } from '../../../../../contracts/action.ts';
import { choicesOf, phraseOf } from '../state/action-view.ts';
import { send } from '../state/decisions.ts';
import { asking, isLive, me } from '../state/store.ts';
import { texts } from '../texts.ts';
import { ConfirmSheet, RejectSheet } from './confirm.tsx';

const t = texts.action;

export const ActionButtons = ({ action }: { readonly action: Action }) => {
  /** What is agreed to or refused is the action as it was when its sheet was opened. */
  const [sheet, setSheet] = useState<{ readonly kind: 'approve' | 'reject'; readonly action: Action } | null>(null);
  const choices = choicesOf(action, me.value, isLive.value);
  const close = (): void => setSheet(null);
  const isAsking = asking.value.has(action.id);
  const what = phraseOf(action);
  const approve = (): void => {
    if (choices.approve === 'sheet') setSheet({ kind: 'approve', action });
    else send(action, 'approve');
  };
  return (
    <div class="action-buttons">
      {choices.refused === null ? null : <p class="refused">{choices.refused}</p>}
      {isAsking ? (
        <p class="asking" role="status">
          {t.sending}
        </p>
      ) : null}
      {choices.reject ? (
        <button type="button" disabled={isAsking} onClick={() => setSheet({ kind: 'reject', action })} aria-label={`${t.rejectMore} ${what}`}>
          {t.rejectMore}
        </button>
      ) : null}
      {choices.cancel ? (
        <button type="button" disabled={isAsking} onClick={() => send(action, 'cancel')} aria-label={`${t.cancel}: ${what}`}>
          {t.cancel}
        </button>
      ) : null}
      {choices.approve === null ? null : (
        <button type="button" class="primary" disabled={isAsking} onClick={approve} aria-label={`${t.press[action.type]}: ${what}`}>
          {choices.approve === 'sheet' ? `${t.press[action.type]}…` : t.press[action.type]}
        </button>
      )}
      {sheet?.kind === 'approve' ? <ConfirmSheet action={sheet.action} onClose={close} /> : null}
      {sheet?.kind === 'reject' ? <RejectSheet action={sheet.action} onClose={close} /> : null}
    </div>
  );
};
