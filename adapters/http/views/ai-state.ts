/** How things stand, in lines for an AI: sites, nodes, actors and services, with what is not known now said as what it was. Pure. */
import type { ActorView } from '../../../contracts/actor-view.ts';
import type { Doubt, SiteView } from '../../../contracts/site-view.ts';
import { verdictOfSite } from '../../../contracts/site-view.ts';
import { topics } from '../../../contracts/topics.ts';
import type { WorldNode, WorldService } from '../../../contracts/world.ts';
import { documentsOf } from './documents-of.ts';
import { type Belief, faultWords, type Seen, staleWords } from './freshness.ts';

export const siteLines = ({ sites }: Belief): readonly string[] =>
  sites.flatMap((view) => [siteLine(view), ...faultWords(view).map((fault) => `  - ${fault}`)]);

function siteLine(view: SiteView): string {
  const { site, said, doubt, heardAt } = view;
  if (said === null) return `- ${site}: unknown, ${staleWords(doubt)}`;
  const status = doubt === null ? verdictOfSite(view) : `unknown, ${staleWords(doubt)}; was ${said.status}`;
  return `- ${site}: ${status}; last word ${heardAt ?? 'never'}${said.worst === null ? '' : `; worst: ${said.worst}`}`;
}

export function nodeLines({ picture }: Seen, { doubtAbout, isUnheard }: Belief): readonly string[] {
  const health = new Map(documentsOf(picture, topics.nodeHealth).map((doc) => [doc.node, doc]));
  const pct = (name: string, value: number | null | undefined): string => (value == null ? '' : `, ${name} ${Math.round(value)} %`);
  return documentsOf(picture, topics.worldNode).map((node) => {
    const heard = `last heard ${node.last_seen ?? 'never'}`;
    const doubt = doubtAbout(node);
    if (doubt !== null) return `- ${node.node} (site ${node.site}): not known, ${staleWords(doubt)}; was ${node.status}, ${heard}`;
    // What the engine of a machine that is away does, nobody knows.
    if (isUnheard(node.node) !== null) return `${nodeHead(node)}, ${heard}`;
    const own = health.get(node.node);
    return `${nodeHead(node)}, engine ${node.engine}, ${heard}${pct('cpu', own?.cpu_pct)}${pct('memory', own?.memory_pct)}${pct('disk', own?.disk_pct)}`;
  });
}

const nodeHead = ({ node, site, status, since }: WorldNode): string => `- ${node} (site ${site}): ${status} since ${since}`;

/** Those that are away, then those of which nobody knows, in one line for each node. */
export function actorLines({ actors }: Belief): readonly string[] {
  const unknown = new Map<string, { readonly doubt: Doubt; readonly said: string[] }>();
  for (const { said, doubt } of actors) {
    if (doubt === null) continue;
    const node = said.node ?? 'some node';
    const group = unknown.get(node) ?? { doubt, said: [] };
    group.said.push(`${said.actor ?? 'an actor'} was ${said.status}`);
    unknown.set(node, group);
  }
  return [
    ...actors.filter(({ status, doubt }) => doubt === null && status !== 'online').map(awayLine),
    ...[...unknown].map(([node, { doubt, said }]) => `- on ${node}: not known${sinceWords(doubt)} (${staleWords(doubt)}): ${said.join(', ')}`),
  ];
}

const sinceWords = ({ since }: Doubt): string => (since === null ? '' : ` since ${since}`);

/** A will has the time at which its writer started, and no rev: when it went is said by nobody. */
function awayLine({ said: { summary, status, ts, rev, last_error } }: ActorView): string {
  const when = rev === undefined ? `${status}, since when is not known; it had connected after ${ts}` : `${status} since ${ts}`;
  return `- ${summary} (${when}${last_error === null ? '' : `; ${last_error}`})`;
}

export interface ServiceLines {
  readonly unwell: readonly string[];
  readonly well: readonly string[];
}

/** Well is only what may be believed; what was well is listed with the others, in one line for each node. */
export function serviceLines({ picture }: Seen, { doubtAbout }: Belief): ServiceLines {
  const [unwell, well, was] = [[] as string[], new Map<string, string[]>(), new Map<string, { readonly doubt: Doubt; readonly names: string[] }>()];
  for (const service of documentsOf(picture, topics.worldService)) {
    const doubt = doubtAbout(service);
    const isWell = service.status === 'healthy';
    if (!isWell) unwell.push(serviceLine(service, doubt));
    else if (doubt === null) well.set(service.node, [...(well.get(service.node) ?? []), service.service]);
    else {
      const group = was.get(service.node) ?? { doubt, names: [] };
      group.names.push(service.service);
      was.set(service.node, group);
    }
  }
  return {
    unwell: [...unwell, ...[...was].map(([node, { doubt, names }]) => `- on ${node}: not known, ${staleWords(doubt)}; were healthy: ${names.join(', ')}`)],
    well: [...well].map(([node, names]) => `- ${node}: ${names.join(', ')}`),
  };
}

function serviceLine({ node, service, status, reason, since, desired, monitor, last_status }: WorldService, doubt: Doubt | null): string {
  // Why it was as it was says nothing of now.
  const why = reason === null || status === 'unknown' ? '' : ` (${reason})`;
  const known = doubt === null ? `${status}${why} since ${since}` : `not known, ${staleWords(doubt)}; was ${status}`;
  return `- ${service} on ${node}: ${known}, desired: ${desired}${monitor ? '' : ', not monitored'}${last_status === null ? '' : `, was ${last_status}`}`;
}
