/** The message about an incident with all that it explains, and the short one that it is over. Pure. */
import { openStates } from '../../contracts/action.ts';
import type { Incident } from '../../contracts/incident.ts';
import { cutLine, prefix, whatOf } from './action-message.ts';
import type { Message } from './ports.ts';
import type { BotState } from './state.ts';
import { listed, localTime, oneLine, targetOf, textOf } from './words.ts';
import { actionsOf, incidentCalled, linkTo } from './world.ts';

type Known = Pick<BotState, 'documents' | 'options'>;

const marks = { info: 'ℹ️', warning: '⚠️', error: '🔴', critical: '🚨' } as const;

export function incidentMessage(known: Known, incident: Incident, nowMs: number): Message {
  const { documents, options } = known;
  const { timeZone, site: here } = options;
  const cut = linkTo(documents, here, incident.site, nowMs);
  const from = localTime(incident.started_at, timeZone);
  const { message } = incident;
  const text = textOf([
    `${prefix(known, incident)}${headline(known, incident)}`,
    message === '' ? null : oneLine(message),
    incident.status === 'resolved' ? `From ${from} to ${localTime(incident.resolved_at ?? incident.ts, timeZone)}` : sinceLine(incident, timeZone),
    timesLine(incident, timeZone),
    consequencesLine(incident),
    actionsLine(known, incident),
    cut === null ? null : cutLine(cut.site, cut.downSince, timeZone),
  ]);
  return { text, buttons: [] };
}

/** Not "back": of a service that would be good news. */
function sinceLine({ started_at, reopened_at, flapping }: Incident, timeZone: string): string {
  const first = localTime(started_at, timeZone);
  const since = reopened_at === null ? `Since ${first}` : `Again since ${localTime(reopened_at, timeZone)}, first ${first}`;
  return flapping ? `${since}; comes and goes: told as over once it has been quiet for a while` : since;
}

/** So that the message shows one more of the same. */
const timesLine = ({ status, occurrence_count, last_occurrence }: Incident, timeZone: string): string | null =>
  status === 'active' && occurrence_count > 1 ? `${occurrence_count} times, last ${localTime(last_occurrence, timeZone)}` : null;

function headline({ documents }: Known, incident: Incident): string {
  const { kind, severity, status, suppressed_by } = incident;
  const what = `${subjectOf(incident)}: ${kind.replaceAll('_', ' ')}`;
  if (status !== 'active') return `✅ Over: ${what}`;
  if (suppressed_by === null) return `${marks[severity]} ${what} (${severity})`;
  const cause = incidentCalled(documents, suppressed_by);
  return `↳ ${what}, explained by ${cause === undefined ? suppressed_by : `${subjectOf(cause)}: ${cause.kind.replaceAll('_', ' ')}`}`;
}

/** A site's own troubles stand under `site-<site>`. */
const subjectOf = (incident: Incident): string =>
  incident.node.startsWith('site-') && incident.service === null ? `site ${incident.node.slice(5)}` : targetOf(incident);

function consequencesLine({ status, consequences, consequences_count }: Incident): string | null {
  if (status !== 'active' || consequences_count === 0) return null;
  const names = consequences.map(({ what, status: how }) => `${what} ${how}`);
  return `Explains ${consequences_count} more: ${listed(names, consequences_count)}`;
}

function actionsLine({ documents }: Known, { id, status }: Incident): string | null {
  if (status !== 'active') return null;
  const open = actionsOf(documents).filter((action) => action.evidence.incident_id === id && openStates.some((state) => state === action.status));
  return open.length === 0 ? null : `To repair it: ${listed(open.map((action) => `${whatOf(action)} (${action.status})`))}`;
}

/** Also when it is back: then the message that it was over says so. */
export function recoveryMessage(known: Known, incident: Incident): Message {
  const { timeZone } = known.options;
  const what = `${subjectOf(incident)}: ${incident.kind.replaceAll('_', ' ')}`;
  const since = localTime(incident.reopened_at ?? incident.started_at, timeZone);
  const text =
    incident.status === 'active'
      ? `${prefix(known, incident)}🔴 Was over, is back: ${what}, since ${since}`
      : `${prefix(known, incident)}✅ Over since ${localTime(incident.resolved_at ?? incident.ts, timeZone)}: ${what}`;
  return { text, buttons: [] };
}
