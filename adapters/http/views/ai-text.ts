/**
 * GET /ai, "Copy for AI": the world as it is now, with the evidence for each incident, for somebody who knows nothing of it. Pure.
 *
 * Always in the same order, with times instead of ages, so that two copies can be compared. Below 8,000 tokens (token-count.ts). Each section has
 * a share that is its own; what is left of it goes to those before. Within a section what comes last is cut first, and it is said how much.
 */
import { openStates } from '../../../contracts/action.ts';
import type { Event } from '../../../contracts/event.ts';
import type { Incident } from '../../../contracts/incident.ts';
import { topics } from '../../../contracts/topics.ts';
import { evidenceOf } from './ai-evidence.ts';
import { actorLines, nodeLines, serviceLines, siteLines } from './ai-state.ts';
import { documentsOf } from './documents-of.ts';
import { beliefOf, type Seen } from './freshness.ts';
import { tokensOf } from './token-count.ts';

export const tokensMax = 8_000;
/** Room for the headings, and for the lines that say what was cut: nine of each, and the first lines. */
const reservedTokens = 420;
const lineBytesMax = 600;
const eventsShown = 40;
const resolvedShown = 10;

/** With the end of the line. */
const tokensOfLine = (line: string): number => tokensOf(`${line}\n`);

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
  /** Of all room, whatever the other sections need. */
  readonly share: number;
}

/** `redact` takes the secrets out of a line. */
export function aiText(seen: Seen, redact: (text: string) => string): string {
  const sections = sectionsOf(seen).map((section) => ({ ...section, lines: section.lines.map((line) => fitting(redact(line.replaceAll(/\p{Cc}+/gu, ' ')))) }));
  const room = tokensMax - reservedTokens;
  const sizes = sections.map(({ lines }) => lines.reduce((sum, line) => sum + tokensOfLine(line), 0));
  const sure = sections.map(({ share }, at) => Math.min(sizes[at] ?? 0, Math.floor(share * room)));
  let used = 0;
  const parts = sections.map(({ title, lines }, at) => {
    const later = sure.slice(at + 1).reduce((sum, each) => sum + each, 0);
    const shown = firstThatFit(lines, room - used - later);
    used += shown.reduce((sum, line) => sum + tokensOfLine(line), 0);
    const left = lines.length - shown.length;
    return [`## ${title}`, ...(lines.length === 0 ? ['none'] : shown), ...(left > 0 ? [`(${left} more lines left out for length)`] : [])].join('\n');
  });
  return `${[headOf(seen), ...parts].join('\n\n')}\n`;
}

function headOf({ here, nowMs, picture }: Seen): string {
  const bus = picture.bus.status === 'up' ? '' : ` NOT CONNECTED to the broker since ${picture.bus.since}: everything below is from before.`;
  return [
    '# State of a homelab of Docker hosts',
    `Seen from the site ${here} at ${new Date(nowMs).toISOString()} (UTC, like all times here).${bus}`,
    'An incident is a trouble with a beginning; only causes are listed, with what they explain. Repairs are proposed as actions; a person approves or rejects each. "unknown" means that nobody can say, not that it is down. Secrets are removed.',
  ].join('\n');
}

function firstThatFit(lines: readonly string[], room: number): readonly string[] {
  let left = room;
  const end = lines.findIndex((line) => {
    left -= tokensOfLine(line);
    return left < 0;
  });
  return end === -1 ? lines : lines.slice(0, end);
}

function fitting(line: string): string {
  if (Buffer.byteLength(line) <= lineBytesMax) return line;
  // A cut character would be three bytes of nothing.
  return `${Buffer.from(line)
    .subarray(0, lineBytesMax)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '')}…`;
}

function sectionsOf(seen: Seen): readonly Section[] {
  const { picture } = seen;
  const incidents = documentsOf(picture, topics.incident);
  const causes = incidents.filter(({ status, suppressed_by }) => status === 'active' && suppressed_by === null).sort(bySeverity);
  const belief = beliefOf(seen);
  const services = serviceLines(seen, belief);
  return [
    { title: 'Sites', share: 0.05, lines: siteLines(belief) },
    { title: 'Active incidents (causes), worst first', share: 0.45, lines: causes.flatMap((incident) => evidenceOf(incident, picture, belief)) },
    { title: 'Open actions', share: 0.12, lines: actionLines(seen) },
    { title: 'Nodes', share: 0.1, lines: nodeLines(seen, belief) },
    { title: 'Services that are not healthy', share: 0.1, lines: services.unwell },
    { title: 'Actors that are not online', share: 0.03, lines: actorLines(belief) },
    {
      title: 'Newest events (newest first)',
      share: 0.08,
      lines: picture.events
        .slice(-eventsShown)
        .reverse()
        .map(({ event }) => eventLine(event)),
    },
    { title: 'Healthy services, by node', share: 0.04, lines: services.well },
    { title: 'Incidents that are over, newest first', share: 0.03, lines: overLines(incidents) },
  ];
}

const severities = ['critical', 'error', 'warning', 'info'];
const bySeverity = (a: Incident, b: Incident): number =>
  severities.indexOf(a.severity) - severities.indexOf(b.severity) || a.started_at.localeCompare(b.started_at) || a.id.localeCompare(b.id);

const actionLines = ({ picture }: Seen): readonly string[] =>
  documentsOf(picture, topics.action)
    .filter(({ status }) => openStates.some((state) => state === status))
    .map(
      ({ id, status, risk, attempt, proposed_at, proposed_by, evidence, summary }) =>
        `- ${id} (attempt ${attempt}): ${status}, ${risk} risk, proposed ${proposed_at} by ${proposed_by} because of ${evidence.trigger_type}: ${evidence.message}. ${summary}`,
    );

const overLines = (incidents: readonly Incident[]): readonly string[] =>
  incidents
    .filter(({ status }) => status === 'resolved')
    .sort((a, b) => (b.resolved_at ?? '').localeCompare(a.resolved_at ?? '') || a.id.localeCompare(b.id))
    .slice(0, resolvedShown)
    .map(
      ({ id, kind, message, started_at, resolved_at, resolved_by }) =>
        `- ${id} (${kind}): ${message}; ${started_at} to ${resolved_at ?? '?'}, ended by ${resolved_by ?? '?'}`,
    );

const eventLine = ({ ts, node, service, severity, type, source, message }: Event): string =>
  `- ${ts} ${severity} ${node}${service === null ? '' : `/${service}`} ${type} (${source}): ${message}`;
