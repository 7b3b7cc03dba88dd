/** The second, deliberate step before something that risks more: says what it does, wants to hear that this was read, and has its button elsewhere. */
import { useState } from 'preact/hooks';
import type { Action } from '../../../../../contracts/action.ts';
import { Sheet } from '../parts/sheet.tsx';
import { wordOf } from '../parts/status.tsx';
import { choicesOf, effectsOf, phraseOf } from '../state/action-view.ts';
import { send } from '../state/decisions.ts';
import { isLive, me, world } from '../state/store.ts';
import { withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';

interface Props {
  /** As it was when the sheet was opened: what is agreed to. */
  readonly action: Action;
  readonly onClose: () => void;
}

const t = texts.action;

/** Somebody else was first, or it is another action now: nothing to agree to any more. */
function TooLate({ action }: { readonly action: Action }) {
  const now = world.value.actions.find(({ id }) => id === action.id);
  if (now !== undefined && now.status === action.status && now.attempt === action.attempt && now.digest === action.digest) return null;
  const last = now?.transition_history.at(-1);
  return (
    <p class="warning-line" role="status">
      {t.movedOn(wordOf(now?.status ?? 'gone'), last?.by ?? '')}
    </p>
  );
}

const isStill = (action: Action): boolean =>
  world.value.actions.some(
    ({ id, status, attempt, digest }) => id === action.id && status === action.status && attempt === action.attempt && digest === action.digest,
  );

export const ConfirmSheet = ({ action, onClose }: Props) => {
  const [isRead, setRead] = useState(false);
  const { approve, refused } = choicesOf(action, me.value, isLive.value);
  const may = isRead && isStill(action) && approve !== null;
  return (
    <Sheet title={t.confirmTitle} onClose={onClose}>
      <p class="sheet-what">{phraseOf(action)}</p>
      <p class="evidence">{withoutMark(action.evidence.message)}</p>
      <ul class="effects">
        {effectsOf(action).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <TooLate action={action} />
      {refused === null ? null : <p class="warning-line">{refused}</p>}
      <label class="tick">
        <input type="checkbox" checked={isRead} onChange={(event) => setRead(event.currentTarget.checked)} />
        {t.read}
      </label>
      <div class="sheet-buttons">
        <button type="button" onClick={onClose}>
          {t.notNow}
        </button>
        <button
          type="button"
          class="danger"
          disabled={!may}
          onClick={() => {
            onClose();
            send(action, 'approve');
          }}
        >
          {t.press[action.type]}
        </button>
      </div>
    </Sheet>
  );
};

export const RejectSheet = ({ action, onClose }: Props) => {
  const [note, setNote] = useState('');
  return (
    <Sheet title={t.rejectTitle} onClose={onClose}>
      <p class="sheet-what">{phraseOf(action)}</p>
      <TooLate action={action} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          send(action, 'reject', note);
        }}
      >
        <label class="field">
          <span>{t.note}</span>
          <input type="text" value={note} maxLength={400} autoComplete="off" onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <div class="sheet-buttons">
          <button type="button" onClick={onClose}>
            {t.notNow}
          </button>
          <button type="submit" class="primary" disabled={!isStill(action)}>
            {t.reject}
          </button>
        </div>
      </form>
    </Sheet>
  );
};
