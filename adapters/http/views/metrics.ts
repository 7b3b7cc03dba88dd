/** GET /metrics: figures for Prometheus, text format 0.0.4. Names of nodes, sites and actors only: nothing that a person wrote. Pure but for the memory of the process. */

import { isNominal } from '../../../contracts/site-view.ts';
import { topics } from '../../../contracts/topics.ts';
import { documentsOf } from './documents-of.ts';
import { type Belief, beliefOf, type Seen } from './freshness.ts';

type Labels = Readonly<Record<string, string>>;

export function metricsOf(seen: Seen, { streams, version }: { readonly streams: number; readonly version: string }): string {
  const { picture, here } = seen;
  const isUp = picture.bus.status === 'up';
  const belief = beliefOf(seen);
  return [
    figure('homelab_info', 'gauge', 'what serves this', [[{ version, site: here }, 1]]),
    figure('homelab_bus_up', 'gauge', 'whether the broker is reached', [[{}, Number(isUp)]]),
    siteFigures(seen, belief),
    countFigures(seen, belief),
    actorFigures(belief),
    figure('homelab_documents', 'gauge', 'documents that are held', [[{}, picture.documents.size]]),
    figure('homelab_streams', 'gauge', 'pages that listen', [[{}, streams]]),
    figure('process_resident_memory_bytes', 'gauge', 'memory of this process', [[{}, process.memoryUsage.rss()]]),
    figure('process_cpu_seconds_total', 'counter', 'processor time of this process', [[{}, cpuSeconds()]]),
  ].join('');
}

function siteFigures({ picture, nowMs }: Seen, { sites }: Belief): string {
  const linked = sites.flatMap(({ site, link }) => (link === null ? [] : [{ site, link }]));
  const ageS = (iso: string): number => Math.max(0, (nowMs - Date.parse(iso)) / 1000);
  return [
    figure(
      'homelab_site_nominal',
      'gauge',
      'whether a site says it is nominal and may be believed, and no file of its inventory has a fault',
      sites.map((view) => [{ site: view.site }, Number(isNominal([view]))]),
    ),
    figure(
      'homelab_site_stale',
      'gauge',
      'whether what a site said last may not be true any more',
      sites.map(({ site, doubt }) => [{ site }, Number(doubt !== null)]),
    ),
    figure(
      'homelab_link_age_seconds',
      'gauge',
      'since the link of a site was heard last',
      linked.map(({ site, link }) => [{ site }, ageS(link.heardAt)]),
    ),
    figure(
      'homelab_link_up',
      'gauge',
      'whether the link of a site is up; absent while that is not known, because the broker is not reached',
      picture.bus.status === 'up' ? linked.map(({ site, link }) => [{ site }, Number(link.status === 'up')]) : [],
    ),
  ].join('');
}

function countFigures({ picture }: Seen, { doubtAbout }: Belief): string {
  const causes = documentsOf(picture, topics.incident).filter(({ status, suppressed_by }) => status === 'active' && suppressed_by === null);
  const byStatus = ({ site, status }: { readonly site: string; readonly status: string }): Labels => ({ site, status });
  const believed = (thing: { readonly node: string; readonly site: string; readonly status: string }): Labels =>
    byStatus(doubtAbout(thing) === null ? thing : { ...thing, status: 'unknown' });
  return [
    counted('homelab_nodes', 'nodes by status; unknown where the site cannot be believed', documentsOf(picture, topics.worldNode).map(believed)),
    counted('homelab_services', 'services by status; unknown where the site cannot be believed', documentsOf(picture, topics.worldService).map(believed)),
    counted(
      'homelab_incidents_active',
      'active incidents that are causes, as far as is known',
      causes.map(({ site, severity, kind }) => ({ site, severity, kind })),
    ),
    counted('homelab_actions', 'actions by state, as far as is known', documentsOf(picture, topics.action).map(byStatus)),
  ].join('');
}

function actorFigures({ actors }: Belief): string {
  const named = actors.flatMap(({ said: { node, actor, restarts }, status }) =>
    node === undefined || actor === undefined ? [] : [{ labels: { node, actor }, restarts, status }],
  );
  return [
    figure(
      'homelab_actor_up',
      'gauge',
      'whether an actor is online; absent while that is not known, because its node, its site or the broker is not heard',
      named.filter(({ status }) => status !== 'unknown').map(({ labels, status }) => [labels, Number(status === 'online')]),
    ),
    figure(
      'homelab_actor_restarts',
      'gauge',
      'restarts of an actor since its process started, as it said last',
      named.map(({ labels, restarts }) => [labels, restarts]),
    ),
  ].join('');
}

function figure(name: string, type: 'gauge' | 'counter', means: string, values: readonly (readonly [Labels, number])[]): string {
  if (values.length === 0) return '';
  const lines = values.map(([labels, value]) => `${name}${labelsOf(labels)} ${value}`);
  return `# HELP ${name} ${means}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
}

function counted(name: string, means: string, things: readonly Labels[]): string {
  const counts = new Map<string, number>();
  for (const labels of things) counts.set(labelsOf(labels), (counts.get(labelsOf(labels)) ?? 0) + 1);
  if (counts.size === 0) return '';
  const lines = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([labels, count]) => `${name}${labels} ${count}`);
  return `# HELP ${name} ${means}\n# TYPE ${name} gauge\n${lines.join('\n')}\n`;
}

function labelsOf(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
