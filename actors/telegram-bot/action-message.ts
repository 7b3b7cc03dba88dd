/** The message about an action, for each of its states: what, why, what a yes does, who said it, what came of it. Pure. */
import type { Action } from '../../contracts/action.ts';
import { RestartParams } from '../../contracts/action-params.ts';
import { actionRules } from '../../contracts/action-rules.table.ts';
import { callbackData } from './callback-data.ts';
import { effects } from './effects.table.ts';
import type { Message } from './ports.ts';
import type { BotState, Confirming, Note } from './state.ts';
import { listed, localTime, oneLine, targetOf, textOf } from './words.ts';
import { incidentCalled, linkTo, placeOf } from './world.ts';

type Known = Pick<BotState, 'documents' | 'options'>;

interface Shown {
  readonly note: Note | undefined;
  /** Somebody was asked whether they really mean it. */
  readonly confirming: Confirming | undefined;
  /** Asked, and not answered by the ledger yet. */
  readonly asking: string | null;
  readonly nowMs: number;
}

export function actionMessage(known: Known, action: Action, shown: Shown): Message {
  const { documents, options } = known;
  const { timeZone } = options;
  const cut = linkTo(documents, options.site, action.site, shown.nowMs);
  const text = textOf([
    `${prefix(known, action)}${headline(action)}`,
    ...(action.status === 'pending' ? pendingLines(known, action) : courseLines(action, timeZone)),
    cut === null ? null : cutLine(cut.site, cut.downSince, timeZone),
    noteOf(action, shown),
    `${action.id}, attempt ${action.attempt}`,
  ]);
  return { text, buttons: action.status === 'pending' ? buttonsOf(action, shown) : [] };
}

/** `[ken] ` */
export function prefix({ documents, options }: Known, about: { readonly node: string; readonly site: string; readonly simulated?: true | undefined }): string {
  const place = placeOf(documents, options.site, about);
  return `${about.simulated === true ? 'SIMULATED ' : ''}${place === null ? '' : `[${place}] `}`;
}

export const cutLine = (site: string, since: string | null, timeZone: string): string =>
  `The link of ${site} is down${since === null ? '' : ` since ${localTime(since, timeZone)}`}: this is what was known before.`;

const headlines: Readonly<Record<Action['status'], string>> = {
  pending: '⏳ Waits for a yes',
  approved: '👍 Approved',
  running: '▶️ Running',
  completed: '✅ Done',
  failed: '❌ Failed',
  rejected: '🚫 Rejected',
  cancelled: '↩️ Withdrawn',
  expired: '⌛ Expired, not rejected',
  gone: '↩️ Gone',
};

export const whatOf = (action: Action): string => effects[action.type].what(targetOf(action));

function headline(action: Action): string {
  const said = action.type === 'alert_only' && action.status === 'pending' ? '⏳ Notice, waits until somebody has seen it' : headlines[action.status];
  return `${said}: ${whatOf(action)}`;
}

function pendingLines({ documents, options }: Known, action: Action): readonly (string | null)[] {
  const { evidence, risk, type, verify_window_ms } = action;
  const incident = incidentCalled(documents, evidence.incident_id);
  const window = actionRules[type].doneWhen === 'healthy' ? ` within ${Math.round(verify_window_ms / 1000)} s` : '';
  return [
    `Why: ${oneLine(evidence.message === '' ? evidence.trigger_type : evidence.message)}`,
    incident === undefined ? null : `Incident: ${incident.kind}, ${incident.severity}, since ${localTime(incident.started_at, options.timeZone)}`,
    `Risk: ${risk === 'low' ? 'low' : 'guarded, so a yes takes two taps'}`,
    `A yes: ${effects[type].yes}${window}`,
    ...extentLines(action),
  ];
}

/** What a yes means beyond the target itself. */
function extentLines({ type, params, evidence }: Action): readonly string[] {
  if (type === 'container_restart') {
    const dependents = RestartParams.safeParse(params).data?.dependents ?? [];
    return dependents.length === 0 ? [] : [`Then, if they stay unwell: ${listed(dependents)}`];
  }
  if (type !== 'disk_cleanup') return [];
  const names = evidence.containers?.names ?? [];
  const count = evidence.containers?.ids.length ?? 0;
  return [
    ...(evidence.estimate_bytes == null ? [] : [`Frees at least ${sizeOf(evidence.estimate_bytes)}`]),
    ...(count === 0 ? [] : [`Stopped containers that go: ${listed(names, count, 10)}`]),
  ];
}

const sizeOf = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);

/** Who said yes or no and when, and what came of it. */
function courseLines(action: Action, timeZone: string): readonly (string | null)[] {
  const { status, approved_by, approved_at, expires_at, claim, outcome, transition_history } = action;
  const last = transition_history.findLast(({ to, from }) => to === status && from !== to) ?? transition_history.at(-1);
  const at = last === undefined ? '' : ` at ${localTime(last.at, timeZone)}`;
  const agreed = approved_by === null ? null : `Approved by ${oneLine(approved_by)}${approved_at === null ? '' : ` at ${localTime(approved_at, timeZone)}`}`;
  const why = last === undefined || last.note === '' ? '' : `: ${oneLine(last.note)}`;
  switch (status) {
    case 'approved':
      return [agreed, expires_at === null ? null : `If it has not begun by ${localTime(expires_at, timeZone)}, it expires`];
    case 'running':
      return [agreed, claim === null ? null : `Begun by ${claim.by} at ${localTime(claim.at, timeZone)}`];
    case 'completed':
    case 'failed': {
      const code = outcome === null ? '' : oneLine([outcome.code, outcome.message].filter((part) => part !== '').join(': '));
      return [agreed, `${status === 'completed' ? 'Done' : 'Failed'}${at}${code === '' ? '' : `: ${code}`}`];
    }
    case 'expired':
      return [agreed, `It was not begun in time and expired${at}. Nothing was done; nobody rejected it.`];
    case 'rejected':
    case 'cancelled':
      return [agreed, `${status === 'rejected' ? 'Rejected' : 'Withdrawn'} by ${oneLine(last?.by ?? 'nobody')}${at}${why}`];
    default:
      return [agreed];
  }
}

function noteOf(action: Action, { note, confirming, asking }: Shown): string | null {
  if (asking !== null) return asking;
  if (confirming !== undefined) return `Really? It is guarded: ${effects[action.type].yes}.`;
  return note !== undefined && note.attempt === action.attempt && note.status === action.status ? note.text : null;
}

function buttonsOf(action: Action, { confirming, asking }: Shown): Message['buttons'] {
  if (asking !== null) return [];
  if (confirming !== undefined) {
    return [[{ label: `Yes, ${whatOf(action)}`.slice(0, 60), data: callbackData('yes', action) }], [{ label: 'Back', data: callbackData('back', action) }]];
  }
  const yes = action.type === 'alert_only' ? 'Seen' : 'Approve';
  return [
    [
      { label: yes, data: callbackData('ask', action) },
      { label: 'Reject', data: callbackData('no', action) },
    ],
  ];
}
