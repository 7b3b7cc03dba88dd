/** `homelab status`: is anything wrong, since when, and what waits for me. Exit code 0 only when the site is nominal. */
import { openStates } from '../../contracts/action.ts';
import { topics } from '../../contracts/topics.ts';
import { age, coloured, exitCodes, type Output, table } from '../output.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export async function status(settings: Settings, out: Output): Promise<number> {
  const world = await visit(settings, async (at) => ({
    sites: await at.documents(topics.site),
    nodes: await at.documents(topics.worldNode),
    services: await at.documents(topics.worldService),
    incidents: (await at.documents(topics.incident)).filter((incident) => incident.status === 'active'),
    actions: (await at.documents(topics.action)).filter((action) => openStates.some((state) => state === action.status)),
  }));
  const isNominal = world.sites.length > 0 && world.sites.every((site) => site.status === 'nominal');
  const code = isNominal ? exitCodes.ok : exitCodes.trouble;
  if (out.json) {
    out.value(world);
    return code;
  }
  const nowMs = Date.now();
  if (world.sites.length === 0) out.line('No site reports: is an observer running on this broker? ("homelab up" runs one)');
  for (const site of world.sites) {
    const said = site.last_update === null ? 'nothing heard yet' : `last word ${age(site.last_update, nowMs)} ago`;
    out.line(`${coloured(site.status)}: ${site.summary} (${said})`);
  }
  out.line('');
  out.line(
    table(
      ['node', 'status', 'engine', 'since', 'services'],
      world.nodes.map((node) => [node.node, node.status, node.engine, age(node.since, nowMs), String(node.services_count)]),
    ),
  );
  const notable = world.services.filter((service) => service.status !== 'healthy');
  const healthy = world.services.length - notable.length;
  out.line('');
  out.line(`${healthy} of ${world.services.length} services healthy`);
  if (notable.length > 0) {
    out.line(
      table(
        ['service', 'node', 'status', 'since', 'reason'],
        notable.map((service) => [service.service, service.node, service.status, age(service.since, nowMs), service.reason ?? '']),
      ),
    );
  }
  if (world.incidents.length > 0) {
    out.line('');
    out.line(
      table(
        ['incident', 'severity', 'since', 'times', 'what'],
        world.incidents.map((each) => [each.id, each.severity, age(each.started_at, nowMs), String(each.occurrence_count), each.summary]),
      ),
    );
  }
  out.line('');
  if (world.actions.length === 0) out.line('Nothing waits for you.');
  else {
    out.line(
      table(
        ['action', 'status', 'risk', 'since', 'why'],
        world.actions.map((each) => [each.id, each.status, each.risk, age(each.proposed_at, nowMs), each.evidence.message]),
      ),
    );
    if (world.actions.some((each) => each.status === 'pending')) out.line('Say yes: homelab approve <action>    Say no: homelab reject <action>');
  }
  return code;
}
