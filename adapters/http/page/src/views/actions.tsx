/** The queue: what waits, what is under way, what became of the rest; and one action with all there is to know before a yes. */
import type { Action } from '../../../../../contracts/action.ts';
import { Age, Clock } from '../parts/age.tsx';
import { OldTag } from '../parts/doubt.tsx';
import { Facts, Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Mark, Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { diffOf, effectsOf, phraseOf, type Step, stepsOf, touchedAt } from '../state/action-view.ts';
import { doubtAbout } from '../state/freshness.ts';
import { needs, nowMs, page, sites, world } from '../state/store.ts';
import type { Tone } from '../state/tones.ts';
import { clockTime, withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';
import { ActionButtons } from './action-buttons.tsx';
import { ActionCard, ActionLine, Progress, RiskTag } from './action-card.tsx';

const t = texts.action;

export const ActionsView = () => {
  const { pending, underWay } = needs.value;
  const open = new Set([...pending, ...underWay]);
  const over = world.value.actions.filter((action) => !open.has(action)).sort((a, b) => touchedAt(b).localeCompare(touchedAt(a)));
  return (
    <>
      <Heading title={texts.views.actions} />
      <div class="columns">
        <div class="column">
          <Panel title={t.pending} count={pending.length}>
            {pending.length === 0 ? <Nothing>{t.nonePending}</Nothing> : pending.map((action) => <ActionCard key={action.id} action={action} />)}
          </Panel>
          {underWay.length === 0 ? null : (
            <Panel title={texts.now.underWay} count={underWay.length}>
              {underWay.map((action) => (
                <ActionCard key={action.id} action={action} />
              ))}
            </Panel>
          )}
        </div>
        <div class="column">
          <Panel title={t.history} count={over.length}>
            {over.length === 0 ? (
              <Nothing>{t.noneEver}</Nothing>
            ) : (
              <ul class="lines">
                {over.map((action) => (
                  <ActionLine key={action.id} action={action} />
                ))}
              </ul>
            )}
          </Panel>
        </div>
      </div>
    </>
  );
};

const stepTones: Readonly<Record<Step['state'], Tone>> = { done: 'ok', now: 'info', next: 'idle', bad: 'bad' };

const Steps = ({ action }: { readonly action: Action }) => (
  <ol class="steps">
    {stepsOf(action).map(({ name, state, word, at, by, note }) => (
      <li key={name} class={`step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
        <Mark tone={stepTones[state]} />
        <div>
          <b>{word}</b> <span class="visually-hidden">{t.stepStates[state]}</span>
          <span class="quiet-text">
            {[at === null ? '' : clockTime(at, nowMs.value), by === '' ? '' : t.by(by), note].filter((part) => part !== '').join(' · ')}
          </span>
        </div>
      </li>
    ))}
  </ol>
);

export const Diff = ({ target }: { readonly target: Pick<Action, 'node' | 'service'> }) => {
  const rows = diffOf(target, world.value);
  if (rows.length === 0) return null;
  return (
    <Panel title={t.desiredActual}>
      <div class="scroll-x">
        <table class="diff">
          <thead>
            <tr>
              <th scope="col" aria-label={t.details} />
              <th scope="col">{t.desired}</th>
              <th scope="col">{t.actual}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, desired, actual, differs }) => (
              <tr key={label} class={differs ? 'differs' : ''}>
                <th scope="row">{label}</th>
                <td>{desired}</td>
                <td>
                  {actual}
                  {differs ? <span class="visually-hidden"> ({t.differs})</span> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
};

const Evidence = ({ action }: { readonly action: Action }) => {
  const { evidence, outcome } = action;
  return (
    <Panel title={t.evidence}>
      <p class="evidence">{withoutMark(evidence.message)}</p>
      <Facts
        of={[
          [texts.incident.evidence, evidence.trigger_type.replaceAll('_', ' ')],
          [texts.views.incidents, evidence.incident_id === null ? '' : <a href={href('incidents', evidence.incident_id)}>{evidence.incident_id}</a>],
          [t.outcome, outcome === null ? '' : `${outcome.code.replaceAll('_', ' ')}${outcome.message === '' ? '' : `: ${outcome.message}`}`],
        ]}
      />
    </Panel>
  );
};

const History = ({ action }: { readonly action: Action }) => (
  <Panel title={t.history} note={t.attempt(action.attempt)}>
    <ul class="history">
      {[...action.transition_history].reverse().map(({ from, to, at, by, note }) => (
        <li key={`${at}${to}${note}`}>
          <Clock at={at} /> <b>{from === to ? '' : (texts.words[to] ?? to)}</b> <span>{t.by(by)}</span>
          {note === '' ? null : <span class="quiet-text"> {note}</span>}
        </li>
      ))}
    </ul>
  </Panel>
);

export const ActionView = ({ id }: { readonly id: string }) => {
  const action = world.value.actions.find((each) => each.id === id);
  if (action === undefined)
    return (
      <>
        <Heading title={id} back={href('actions')} />
        <Nothing>{texts.frame.notThere}</Nothing>
      </>
    );
  const doubt = page.value === null ? doubtAbout(action.site, sites.value, null) : null;
  return (
    <div class="with-actions">
      <Heading title={phraseOf(action)} back={href('actions')}>
        <p class="quiet-text">
          <Status of={action.status} stale={doubt !== null || page.value !== null} /> <OldTag doubt={doubt} /> <RiskTag risk={action.risk} />{' '}
          {t.askedBy(action.proposed_by)} <Age of={action.proposed_at} say={texts.frame.ago} />
          {action.status === 'approved' && action.expires_at !== null ? ` · ${t.validUntil(clockTime(action.expires_at, nowMs.value))}` : ''}
        </p>
      </Heading>
      <div class="columns">
        <div class="column">
          {action.status === 'pending' ? (
            <Panel title={t.whatItDoes}>
              <ul class="effects">
                {effectsOf(action).map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Panel>
          ) : null}
          <Evidence action={action} />
          <Diff target={action} />
        </div>
        <div class="column">
          <Panel title={t.progress}>
            <Steps action={action} />
            <Progress action={action} />
          </Panel>
          <History action={action} />
        </div>
      </div>
      <div class="thumb-bar">
        <ActionButtons action={action} />
      </div>
    </div>
  );
};
