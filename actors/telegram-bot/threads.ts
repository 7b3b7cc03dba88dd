/**
 * Which messages there should be: one for each thing that a person may want to know or decide, made of what the documents say now.
 *
 * An action has one message for each life that asks anew for a person; where a program took it back and asked again within the hour,
 * or changed it while it waited, it is the same one, edited. An incident has one, and one more that it is over. Consequences are listed
 * in their cause. Level-triggered: what is computed depends on the documents, never on how they came. Mutates the state given.
 */
import { type Action, openStates } from '../../contracts/action.ts';
import { isProgram } from '../../contracts/action-history.ts';
import type { Incident } from '../../contracts/incident.ts';
import { actionMessage } from './action-message.ts';
import { incidentMessage, recoveryMessage } from './incident-message.ts';
import { incidentKey } from './loudness.ts';
import { forgetThread, keepThread, type Thread } from './memory.ts';
import type { Message } from './ports.ts';
import { type BotState, copyKey } from './state.ts';
import { actionsOf, incidentsOf, isCause } from './world.ts';

/** What comes at once is told as what it is: a cause is known a moment after its first consequences. */
export const settleMs = 5_000;

/** That something is over is said once it has held: what comes back within a minute was never over. */
const recoveryHeldMs = 60_000;

/** A program that takes a proposal back and asks again within so long is asking the same. As long as it must wait after a no. */
const sameMatterMs = 3_600_000;

/** Messages about what is over are kept up to date for a day; after that nobody scrolls back. */
const endedKeptMs = 86_400_000;
/** What cannot be delivered for a week is no news any more. */
const undeliveredKeptMs = 604_800_000;

/** Of some 1.5 kB each. A bad day in a homelab of 500 services has tens of causes. */
export const threadsMax = 300;

const isOpen = ({ status }: Action): boolean => openStates.some((state) => state === status);

/** Brings all threads up to date. */
export function refresh(state: BotState, now: number): void {
  const actions = actionsOf(state.documents);
  const incidents = incidentsOf(state.documents);
  const newest = new Map<string, Thread>();
  for (const thread of state.threads.values()) {
    if (thread.kind === 'action' && thread.attempt >= (newest.get(thread.subject)?.attempt ?? 0)) newest.set(thread.subject, thread);
  }
  for (const incident of incidents) refreshIncident(state, incident, now);
  for (const action of actions) refreshAction(state, action, newest.get(action.id), now);
  for (const id of state.appeared.keys()) if (!incidents.some((each) => each.id === id && isCause(each))) state.appeared.delete(id);
  endWhatIsGone(state, { actions, incidents }, now);
  forgetOld(state, now);
}

// -- actions --------------------------------------------------------------------------------------------------------------

function refreshAction(state: BotState, action: Action, thread: Thread | undefined, now: number): void {
  if (thread === undefined || (thread.attempt !== action.attempt && !isSameMatter(thread, now))) {
    // Its incident is told first: it waits a moment for its consequences.
    if (state.appeared.has(action.evidence.incident_id ?? '')) return;
    if (thread?.endedMs === null) end(state, thread, 'Another attempt followed it.', now);
    if (isOpen(action)) begin(state, actionThread(state, action, { key: `action ${action.id}#${action.attempt}`, bornMs: now, chats: chatsOf(state), now }));
    return;
  }
  // What ended long ago is not looked at for every document that comes.
  if (thread.endedMs !== null && thread.attempt === action.attempt && !isOpen(action) && thread.stage.startsWith(action.status)) return;
  update(state, thread, actionThread(state, action, { key: thread.key, bornMs: thread.bornMs, chats: thread.chats, now }));
}

function isSameMatter({ stage, endedMs }: Thread, now: number): boolean {
  if (stage.startsWith('pending')) return true;
  return stage.startsWith('cancelled by program') && endedMs !== null && now - endedMs < sameMatterMs;
}

interface Origin {
  readonly key: string;
  readonly bornMs: number;
  readonly chats: number[];
  readonly now: number;
}

function actionThread(state: BotState, action: Action, { key, bornMs, chats, now }: Origin): Thread {
  const { id, node, service, attempt, status } = action;
  const asked = state.asking.find((each) => each.key === key && each.queryId !== null);
  const asking = asked === undefined ? null : `${asked.person} said ${asked.state === 'approved' ? 'yes' : 'no'}; the ledger is asked.`;
  const note = state.notes.get(key);
  const message = actionMessage(state, action, { note, asking, confirming: undefined, nowMs: now });
  const last = action.transition_history.at(-1);
  const by = status === 'cancelled' && last !== undefined && isProgram(last.by) ? ' by program' : '';
  const stage = `${status}${by} ${attempt}${asking === null ? '' : ' asked'}${note === undefined ? '' : ` ${note.text}`}`;
  const endedMs = isOpen(action) ? null : now;
  return { key, kind: 'action', subject: id, node, service, attempt, bornMs, endedMs, stage, message: plain(message), chats };
}

// -- incidents ------------------------------------------------------------------------------------------------------------

function refreshIncident(state: BotState, incident: Incident, now: number): void {
  const key = incidentKey(incident.id);
  const thread = state.threads.get(key);
  if (thread === undefined) {
    if (!isCause(incident) || incident.severity === 'info') return;
    const since = state.appeared.get(incident.id) ?? now;
    state.appeared.set(incident.id, since);
    if (now - since < settleMs) return;
    state.appeared.delete(incident.id);
    begin(state, incidentThread(state, incident, { key, bornMs: now, chats: chatsOf(state), now }));
    return;
  }
  if (!isCause(incident) && incident.status === 'active' && !isAnywhere(state, key)) {
    // Nobody was told before its cause was known: it is told of there.
    forgetThread(state, key);
    return;
  }
  update(state, thread, incidentThread(state, incident, { key, bornMs: thread.bornMs, chats: thread.chats, now }));
  refreshRecovery(state, incident, state.threads.get(key)?.endedMs ?? null, now);
}

function incidentThread(state: BotState, incident: Incident, { key, bornMs, chats, now }: Origin): Thread {
  const { id, node, service, status, severity, suppressed_by, flapping } = incident;
  const stage = [status, severity, suppressed_by ?? '', flapping ? 'flapping' : ''].join(' ');
  const message = plain(incidentMessage(state, incident, now));
  return { key, kind: 'incident', subject: id, node, service, attempt: 0, bornMs, endedMs: status === 'active' ? null : now, stage, message, chats };
}

/** Said once, to those who were told that it began; if it comes back under the same id, that message is edited too. */
function refreshRecovery(state: BotState, incident: Incident, endedMs: number | null, now: number): void {
  const key = `recovery ${incident.id}`;
  const thread = state.threads.get(key);
  const { id, node, service, status, suppressed_by } = incident;
  const isDue = status === 'resolved' && suppressed_by === null && endedMs !== null && now - endedMs >= recoveryHeldMs;
  if (thread === undefined && !isDue) return;
  const chats = thread?.chats ?? chatsTold(state, id);
  if (chats.length === 0) return;
  const message = plain(recoveryMessage(state, incident));
  const next: Thread = {
    key,
    kind: 'recovery',
    subject: id,
    node,
    service,
    attempt: 0,
    bornMs: thread?.bornMs ?? now,
    endedMs: now,
    stage: status,
    message,
    chats,
  };
  if (thread === undefined) begin(state, next);
  else update(state, thread, next);
}

/** Over, and not yet said so: when it will be. */
export function recoveryDueMs(state: BotState): number | null {
  let due: number | null = null;
  for (const { status, suppressed_by, id } of incidentsOf(state.documents)) {
    const endedMs = state.threads.get(incidentKey(id))?.endedMs ?? null;
    if (status !== 'resolved' || suppressed_by !== null || endedMs === null || state.threads.has(`recovery ${id}`)) continue;
    if (chatsTold(state, id).length > 0) due = Math.min(due ?? Number.POSITIVE_INFINITY, endedMs + recoveryHeldMs);
  }
  return due;
}

const chatsTold = (state: BotState, id: string): number[] =>
  chatsOf(state).filter((chat) => state.copies.get(copyKey(chat, incidentKey(id)))?.wasTold === true);

// -- beginning, changing, ending ----------------------------------------------------------------------------------------------

const chatsOf = ({ options }: BotState): number[] => [...options.chats.keys()];

const plain = ({ text, buttons }: Message): Thread['message'] => ({ text, buttons: buttons.map((row) => row.map((button) => ({ ...button }))) });

function begin(state: BotState, thread: Thread): void {
  if (state.threads.size >= threadsMax && !makeRoom(state)) {
    state.turnedAway.add(thread.key);
    return;
  }
  state.turnedAway.delete(thread.key);
  keepThread(state, thread);
}

/** What is over goes first, the oldest of it; false: nothing is over. */
function makeRoom(state: BotState): boolean {
  const [oldest] = [...state.threads.values()].filter(({ endedMs }) => endedMs !== null).sort((a, b) => (a.endedMs ?? 0) - (b.endedMs ?? 0));
  if (oldest === undefined) return false;
  if (oldest.kind !== 'notice' && !isAnywhere(state, oldest.key)) state.leftOut += 1;
  forgetThread(state, oldest.key);
  return true;
}

/** When something ended first counts. */
function update(state: BotState, before: Thread, next: Thread): void {
  const endedMs = next.endedMs !== null && before.endedMs !== null ? before.endedMs : next.endedMs;
  const isSame = before.stage === next.stage && before.attempt === next.attempt && (before.endedMs === null) === (endedMs === null);
  if (isSame && JSON.stringify(before.message) === JSON.stringify(next.message)) return;
  keepThread(state, { ...next, endedMs });
}

function end(state: BotState, thread: Thread, why: string, now: number): void {
  keepThread(state, { ...thread, endedMs: now, stage: 'gone', message: { text: `${thread.message.text}\n${why}`, buttons: [] } });
}

function endWhatIsGone(
  state: BotState,
  { actions, incidents }: { readonly actions: readonly Action[]; readonly incidents: readonly Incident[] },
  now: number,
): void {
  const there = new Set([...actions, ...incidents].map(({ id }) => id));
  for (const thread of state.threads.values()) {
    if (thread.endedMs === null && thread.kind !== 'notice' && !there.has(thread.subject)) end(state, thread, 'It is not known to the homelab any more.', now);
  }
}

/** In at least one chat, or on its way there. */
const isAnywhere = (state: BotState, key: string): boolean => [...state.copies.values()].some((copy) => copy.key === key);

function forgetOld(state: BotState, now: number): void {
  for (const { key, endedMs } of state.threads.values()) {
    if (endedMs === null || now - endedMs < endedKeptMs) continue;
    const isOnItsWay = [...state.copies.values()].some((copy) => copy.key === key && copy.sending !== null) || !isAnywhere(state, key);
    if (!isOnItsWay || now - endedMs >= undeliveredKeptMs) forgetThread(state, key);
  }
}
