/** What the ledger says to people: one line about an action, and one line in answer to a request. Pure. */
import type { ActionType } from '../../contracts/action.ts';
import { RestartParams } from '../../contracts/action-params.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import type { LinkSeen } from './desk-state.ts';
import type { ChangeCode, RefusalCode } from './machine.ts';
import { type ActionRecord, epochMs, isoOf } from './record.ts';

/** `summary` of documents and replies (contracts/common.ts). */
const lineCharsMax = 400;

/** One printable line that fits every contract. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > lineCharsMax ? `${line.slice(0, lineCharsMax - 1)}…` : line;
}

/** `14:05 UTC`, with the day in front when it is not today. */
export function clockTime(iso: string, now: number): string {
  const today = new Date(now).toISOString().slice(0, 10);
  const [day = '', time = ''] = iso.split('T');
  return `${day === today ? '' : `${day} `}${time.slice(0, 5)} UTC`;
}

/** `60 min` */
export const minutes = (ms: number): string => `${ms / 60_000} min`;

type Target = { readonly type: ActionType; readonly node: string; readonly service: string | null };

const verbs: Readonly<Record<ActionType, (where: string) => string>> = {
  container_restart: (where) => `restart ${where}`,
  redeploy: (where) => `redeploy ${where}`,
  deploy_service: (where) => `deploy ${where}`,
  disk_cleanup: (where) => `clean up the disk of ${where}`,
  rollback: (where) => `roll back ${where}`,
  rerun_healthcheck: (where) => `check ${where} again`,
  collect_diagnostics: (where) => `collect diagnostics of ${where}`,
  alert_only: (where) => `notice about ${where}`,
};

/** `restart web on vps` */
export const phrase = ({ type, node, service }: Target): string => verbs[type](service === null ? node : `${service} on ${node}`);

/** Of what may follow a restart; the document has them all. */
const namesShown = 3;

/** What a yes means beyond the target itself: `, then up to 8 that need it (a, b, c, …)`, `, at least 1.2 GB`. */
function extentOf({ type, params, evidence }: ActionRecord): string {
  if (type === 'disk_cleanup') return evidence.estimate_bytes == null ? '' : `, at least ${size(evidence.estimate_bytes)}`;
  const dependents = RestartParams.safeParse(params).data?.dependents ?? [];
  if (type !== 'container_restart' || dependents.length === 0) return '';
  const more = dependents.length > namesShown ? `, and ${dependents.length - namesShown} more` : '';
  return `, then what needs it and stays unwell (${dependents.slice(0, namesShown).join(', ')}${more})`;
}

const size = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);

const inBrackets = (text: string): string => (text === '' ? '' : ` (${text})`);

/** The document's summary: what, how it stands, and why. Times with their day, because it is read on other days too. */
export function summaryOf(record: ActionRecord): string {
  const now = epochMs(record.touched_at);
  return oneLine(`${phrase(record)}${record.state === 'pending' ? extentOf(record) : ''}: ${standing(record, now)}`);
}

function standing(record: ActionRecord, now: number): string {
  const last = record.transition_history.at(-1);
  const by = last?.by ?? 'nobody';
  switch (record.state) {
    case 'pending':
      return `waiting ${record.type === 'alert_only' ? 'to be acknowledged' : 'for a yes'}${inBrackets(record.evidence.message)}`;
    case 'approved':
      return `approved by ${record.approved_by ?? 'nobody'}, valid until ${clockTime(record.expires_at ?? record.touched_at, now)}`;
    case 'running':
      return `running since ${clockTime(record.claim?.at ?? record.touched_at, now)}, approved by ${record.approved_by ?? 'nobody'}`;
    case 'completed':
      return record.type === 'alert_only' ? `acknowledged by ${record.approved_by ?? 'nobody'}` : `done${inBrackets(outcomeText(record))}`;
    case 'failed':
      return `failed${inBrackets(outcomeText(record))}`;
    case 'rejected':
      return `rejected by ${by}${inBrackets(last?.note ?? '')}`;
    case 'cancelled':
      return `cancelled by ${by}${inBrackets(last?.note ?? '')}`;
    case 'expired':
      return `the approval by ${record.approved_by ?? 'nobody'} ran out unused; expired, not rejected`;
  }
}

const outcomeText = ({ outcome }: ActionRecord): string => (outcome === null ? '' : [outcome.code, outcome.message].filter((part) => part !== '').join(': '));

/** The answer to a request that was granted. */
export function changeLine(code: ChangeCode | 'unchanged', record: ActionRecord, now: number): string {
  const what = phrase(record);
  const lines: Readonly<Record<ChangeCode | 'unchanged', string>> = {
    proposed: `Proposed: ${what}. It waits for a yes; its name is ${record.id}.`,
    replaced: `Proposed: ${what}, in place of another one under the name ${record.id}.`,
    refreshed: `Noted: ${summaryOf(record)}.`,
    approved: `Approved: ${what}${extentOf(record)}. Valid until ${clockTime(record.expires_at ?? record.touched_at, now)}.`,
    rejected: `Rejected: ${what}.`,
    cancelled: `Cancelled: ${what}.`,
    running: `Granted: ${what}.`,
    completed: record.type === 'alert_only' ? `Acknowledged: ${what}.` : `Completed: ${what}.`,
    failed: `Failed: ${what}.`,
    expired: `Expired: ${what}.`,
    noted: `Noted: ${what} was given up before this word came.`,
    unchanged: `Known: ${summaryOf(record)}.`,
  };
  return oneLine(lines[code]);
}

interface Forwarded {
  readonly to: string;
  readonly what: string;
  readonly link: LinkSeen | undefined;
  readonly untilMs: number;
  readonly now: number;
}

/** The answer to a request that another site judges. */
export function forwardedLine({ to, what, link, untilMs, now }: Forwarded): string {
  const since = link?.sinceMs == null ? '' : ` since ${clockTime(isoOf(link.sinceMs), now)}`;
  if (link?.status === 'up') return oneLine(`Forwarded to ${to}, waiting for its answer: ${what}.`);
  if (link?.status === 'degraded') return oneLine(`Forwarded to ${to}, link degraded${since}, waiting for its answer: ${what}.`);
  const away = link === undefined ? `nothing is known of the link of ${to}` : `link down${since}`;
  return oneLine(`Forwarded, ${away}: ${what}. It is for ${to} to judge when the link is back, until ${clockTime(isoOf(untilMs), now)}.`);
}

/** Whether it arrived is not known: its verdict may have got lost. */
export const unansweredLine = ({ to, what }: Pick<Forwarded, 'to' | 'what'>): string =>
  oneLine(`No answer from ${to} within ${minutes(approvalValidMs)}: ${what}. If it has not arrived there by now it is refused there.`);

/** How the action stands now, for somebody whose request came too late: "already approved by alice at 14:05 UTC". */
function already(record: ActionRecord, now: number): string {
  const last = record.transition_history.findLast((entry) => entry.to === record.state && entry.from !== entry.to);
  if (record.state === 'pending') return 'it still waits for a yes';
  if (record.state === 'expired') return `the approval ran out at ${clockTime(record.expires_at ?? record.touched_at, now)} and nothing was done`;
  return `already ${record.state} by ${last?.by ?? 'nobody'} at ${clockTime(last?.at ?? record.touched_at, now)}`;
}

/** The answer to a request that the machine refused. */
export function refusalLine(code: RefusalCode, record: ActionRecord, asked: { readonly by: string; readonly state: string; readonly now: number }): string {
  const what = phrase(record);
  const stands = already(record, asked.now);
  const lines: Readonly<Record<RefusalCode, string>> = {
    not_allowed: `${asked.by} may not move "${what}" to ${asked.state}`,
    already_open: `${record.id} is open for something else (${stands})`,
    digest_mismatch: `${what} is not what was looked at any more; its digest is now ${record.digest}`,
    not_pending: `${what} does not wait for a yes: ${stands}`,
    not_cancellable: `${what} can not be cancelled: ${stands}`,
    reason_needed: `${asked.by} must give one of the reasons a program may cancel for`,
    not_approved: `${what} is not approved: ${stands}`,
    already_claimed: `${what} is claimed by ${record.claim?.by ?? 'nobody'} under another nonce`,
    stale_attempt: `${what} is at attempt ${record.attempt} now`,
    wrong_claim: `${what} was not granted to this nonce`,
    contradiction: `an outcome with this "ok" is not ${asked.state}`,
    not_running: `${what} is not running: ${stands}`,
    cooling_down: `${what} is not proposed again so soon for the same reason: ${stands}`,
  };
  return oneLine(`Refused: ${lines[code]}.`);
}
