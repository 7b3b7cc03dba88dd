/** What speaks for an incident, in lines: what it says itself, what the engine says, what should be, what the supervisor decided, what was asked for, and its events. Pure. */
import type { Picture } from '../../../actors/operator-ui/ports.ts';
import type { Action, Decisions } from '../../../contracts/action.ts';
import type { DesiredService } from '../../../contracts/desired.ts';
import type { Event } from '../../../contracts/event.ts';
import type { ServiceHealth } from '../../../contracts/health.ts';
import type { Incident } from '../../../contracts/incident.ts';
import { topics } from '../../../contracts/topics.ts';
import { documentsOf } from './documents-of.ts';
import type { Belief } from './freshness.ts';

/** Newest about the same thing: enough to see how it went. */
const eventsEach = 5;

export function evidenceOf(incident: Incident, picture: Picture, { isUnheard }: Pick<Belief, 'isUnheard'>): readonly string[] {
  const { node, service, id } = incident;
  const isAbout = (event: Event): boolean => event.node === node && event.service === service;
  return [
    incidentLine(incident),
    ...(service === null ? [] : serviceLines({ node, service, isHeard: isUnheard(node) === null }, picture)),
    ...documentsOf(picture, topics.decisions)
      .filter((each) => each.node === node)
      .flatMap((each) => decisionLines(each, incident)),
    ...documentsOf(picture, topics.action)
      .filter(({ evidence }) => evidence.incident_id === id)
      .map(actionLine),
    ...picture.events
      .filter(({ event }) => isAbout(event))
      .slice(-eventsEach)
      .map(({ event }) => `  - event ${event.ts} ${event.severity} ${event.type} (${event.source}): ${event.message}`),
  ];
}

function incidentLine({
  id,
  node,
  service,
  kind,
  severity,
  trigger_type,
  message,
  started_at,
  last_occurrence,
  occurrence_count,
  flapping,
  related,
  consequences,
  consequences_count,
}: Incident): string {
  const explains =
    consequences_count === 0 ? '' : `; explains ${consequences_count}: ${consequences.map(({ what, status }) => `${what} ${status}`).join(', ')}`;
  return `- ${id}: ${severity}, ${kind} of ${service === null ? node : `${service} on ${node}`}: ${message} (${trigger_type}; since ${started_at}, last ${last_occurrence}, seen ${occurrence_count} times${flapping ? ', flapping' : ''}${related === null ? '' : `, related to ${related}`}${explains})`;
}

interface Subject {
  readonly node: string;
  readonly service: string;
  readonly isHeard: boolean;
}

function serviceLines({ node, service, isHeard }: Subject, picture: Picture): readonly string[] {
  const health = documentsOf(picture, topics.serviceHealth).find((each) => each.node === node && each.service === service);
  const desired = documentsOf(picture, topics.desired)
    .find((each) => each.node === node)
    ?.services.find(({ name }) => name === service);
  return [
    ...(health === undefined ? ['  - engine: says nothing of it'] : [healthLine(health, isHeard ? 'engine' : 'engine, when it was heard last')]),
    ...(desired === undefined ? ['  - desired: no'] : [desiredLine(desired)]),
  ];
}

function healthLine(
  { status, reason, exit_code, oom_killed, restart_count, restart_policy, image, started_at, finished_at, health_log, since }: ServiceHealth,
  label: string,
): string {
  const parts = [
    `${status} (${reason}) since ${since}`,
    image === null ? '' : `image ${image}`,
    exit_code === null ? '' : `exit code ${exit_code}`,
    oom_killed ? 'killed for lack of memory' : '',
    `restarted ${restart_count} times by its policy (${restart_policy})`,
    started_at === null ? '' : `started ${started_at}`,
    finished_at === null ? '' : `ended ${finished_at}`,
    health_log === null ? '' : `health check says: ${health_log}`,
  ];
  return `  - ${label}: ${parts.filter((part) => part !== '').join(', ')}`;
}

const desiredLine = ({ origin, monitor, depends_on = [], memory_limit_bytes }: DesiredService): string =>
  `  - desired: ${origin}${monitor ? '' : ', not monitored'}${depends_on.length === 0 ? '' : `, needs ${depends_on.join(', ')}`}${memory_limit_bytes === undefined ? '' : `, memory limit ${Math.round(memory_limit_bytes / 1024 / 1024)} MiB`}`;

function decisionLines({ services, others = [] }: Decisions, { id, service }: Incident): readonly string[] {
  return [...services, ...others]
    .filter((each) => each.incident_id === id || (service !== null && each.service === service))
    .map(({ decision, why, until }) => `  - supervisor: ${decision}, ${why}${until === undefined ? '' : `, until ${until}`}`);
}

const actionLine = ({ id, status, attempt, approved_by, outcome, proposed_at }: Action): string =>
  `  - action ${id} (attempt ${attempt}): ${status}, proposed ${proposed_at}${approved_by === null ? '' : `, approved by ${approved_by}`}${outcome === null ? '' : `, outcome ${outcome.code}: ${outcome.message}`}`;
