/** What `homelab why` prints: one screen for a service, one line for each matter of a node. Pure; `nowMs` is epoch milliseconds. */
import type { Action, Decision } from '../../contracts/action.ts';
import type { Incident } from '../../contracts/incident.ts';
import { isCutOff, type LinkView } from '../../contracts/link-view.ts';
import { ageBehind, linkWords } from '../link-view.ts';
import { age } from '../output.ts';
import { advice, calm } from './advice.table.ts';

/** One decision with the documents that it names, as far as they are there. */
export interface Answer extends Decision {
  readonly node: string;
  readonly service: string | null;
  /** `service`, `disk`, or an event type of Home Assistant. */
  readonly about: string;
  readonly incident: Incident | null;
  readonly cause_incident: Incident | null;
  readonly action: Action | null;
  /** For a person. */
  readonly what_would_change_it: string;
}

export const adviceOf = ({ code, action_id }: Pick<Decision, 'code' | 'action_id'>): string => {
  if (code === undefined) return 'not said';
  return code === 'waiting' && action_id !== null ? `your yes or no: homelab approve ${action_id}, or homelab reject ${action_id}` : advice[code];
};

export const isCalm = ({ code, decision }: Pick<Decision, 'code' | 'decision'>): boolean => decision === 'nothing' && code !== undefined && calm.includes(code);

const subjectOf = ({ node, service, about }: Pick<Answer, 'node' | 'service' | 'about'>): string => {
  if (about === 'service') return `${service} on ${node}`;
  return about === 'disk' ? `the disks of ${node}` : `${about} of ${service ?? 'Home Assistant'} on ${node}`;
};

const headings: Readonly<Record<Decision['decision'], string>> = {
  nothing: 'nothing is proposed',
  propose: 'a proposal is on its way',
  proposed: 'proposed',
  blocked: 'nothing is proposed, although something is wrong',
};

export function answerScreen(answer: Answer, nowMs: number): readonly string[] {
  const { decision, why, incident, incident_id, cause, cause_incident, action, action_id, until } = answer;
  const labelled: readonly (readonly [string, string])[] = [
    ['because', why],
    ['incident', incident === null ? (incident_id ?? '') : incidentWords(incident, nowMs)],
    ['cause', cause === undefined ? '' : cause_incident === null ? cause : incidentWords(cause_incident, nowMs)],
    [
      'proposal',
      action_id === null ? '' : action === null ? action_id : `${action_id}: ${action.status}, ${action.risk} risk; proposed by ${action.proposed_by}`,
    ],
    ['until', until === undefined ? '' : `${until.slice(0, 19)}Z (${untilWords(until, nowMs)})`],
    ['changes', adviceOf(answer)],
  ];
  const said = labelled.filter(([, text]) => text !== '');
  const width = Math.max(...said.map(([label]) => label.length));
  return [`${subjectOf(answer)}: ${headings[decision]}`, ...said.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)];
}

/** What stands above all answers about a site whose link is down, or null. `saidAt`: when its supervisor wrote what follows; null: it never has. */
export function cutOffLine(link: LinkView | undefined, saidAt: string | null, nowMs: number): string | null {
  if (link === undefined || !isCutOff(link)) return null;
  const old = saidAt === null ? '' : `; what follows is ${ageBehind(link, saidAt, nowMs)} old`;
  return `${link.site} cannot be asked, ${linkWords(link, nowMs)}${old}. It works on by itself.`;
}

/** The whole node: what is not calm in full, the rest as a number. */
export function nodeScreen(node: string, answers: readonly Answer[], nowMs: number): readonly string[] {
  const wrong = answers.filter((answer) => !isCalm(answer));
  const rest = `${answers.length - wrong.length} of ${answers.length} on ${node} need nothing`;
  return [...wrong.flatMap((answer) => [...answerScreen(answer, nowMs), '']), rest];
}

function incidentWords({ id, kind, severity, started_at, message, occurrence_count, flapping, status, related }: Incident, nowMs: number): string {
  const state = status === 'resolved' ? 'resolved' : `${severity}, for ${age(started_at, nowMs)}`;
  const count = occurrence_count > 1 ? `, ${occurrence_count} times` : '';
  return `${id}: ${kind}, ${state}${count}${flapping ? ', flapping' : ''}${message === '' ? '' : `; ${message}`}${related === null ? '' : `; see also ${related}`}`;
}

const untilWords = (until: string, nowMs: number): string =>
  Date.parse(until) <= nowMs ? 'over; judged anew within seconds' : `in ${age(new Date(nowMs).toISOString(), Date.parse(until))}`;
