/** An action in a list: what, why, how risky, how far it is, and the buttons where it waits. */
import type { Action } from '../../../../../contracts/action.ts';
import { Age, Clock } from '../parts/age.tsx';
import { Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { courseOf, gistOf, phraseOf, progressOf, touchedAt } from '../state/action-view.ts';
import { doubtAbout } from '../state/freshness.ts';
import { mayDecide, nowMs, page, sites } from '../state/store.ts';
import { duration, withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';
import { ActionButtons } from './action-buttons.tsx';

const t = texts.action;

export const Progress = ({ action }: { readonly action: Action }) => {
  const share = progressOf(action, nowMs.value);
  if (share === null || action.claim == null) return null;
  const spent = duration(nowMs.value - Date.parse(action.claim.at));
  const words = t.verifying(spent, duration(action.verify_window_ms));
  return (
    <div class="progress">
      <progress max={100} value={Math.round(share * 100)} aria-label={t.progress} />
      <span>{words}</span>
    </div>
  );
};

export const RiskTag = ({ risk }: Pick<Action, 'risk'>) => <span class={`tag risk-${risk}`}>{t.risk[risk]}</span>;

/** One that waits, or is under way. */
export const ActionCard = ({ action }: { readonly action: Action }) => {
  const course = courseOf(action);
  const doubt = doubtAbout(action.site, sites.value, page.value);
  return (
    <article class={`card action ${doubt === null ? '' : 'stale'}`}>
      <div class="card-head">
        <h3>
          <a href={href('actions', action.id)}>{phraseOf(action)}</a>
        </h3>
        <RiskTag risk={action.risk} />
      </div>
      <p class="evidence">{withoutMark(action.evidence.message)}</p>
      {action.status === 'pending' ? (
        <p class="quiet-text">
          {gistOf(action)} {mayDecide.value ? t.riskNote[action.risk] : ''}
        </p>
      ) : (
        <p class="quiet-text">
          <Status of={action.status} stale={doubt !== null} /> {action.approved_by === null ? '' : t.approvedBy(action.approved_by)}{' '}
          <Clock at={touchedAt(action)} />
        </p>
      )}
      <Progress action={action} />
      <p class="card-foot">
        <span>{t.askedBy(action.proposed_by)}</span>
        <Age of={course.at} say={t.course[course.phase]} />
      </p>
      <ActionButtons action={action} />
    </article>
  );
};

/** One that is over, as a line. */
export const ActionLine = ({ action }: { readonly action: Action }) => {
  const last = action.transition_history.at(-1);
  const isStale = doubtAbout(action.site, sites.value, page.value) !== null;
  return (
    <li class="line action-line">
      <a href={href('actions', action.id)}>
        <Status of={action.status} stale={isStale} />
        <span class="line-what">{phraseOf(action)}</span>
        <span class="line-note">
          {[action.approved_by === null ? (last?.by ?? '') : t.approvedBy(action.approved_by), action.outcome?.message ?? last?.note ?? '']
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
        <Age of={touchedAt(action)} say={texts.frame.ago} />
      </a>
    </li>
  );
};
