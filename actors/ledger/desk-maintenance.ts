/** Maintenance windows: a person says that a node, or one service, is worked on until some time. */
import { MaintenanceRequest } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { resolveNode } from '../../contracts/node-alias.ts';
import { moverOf } from './access.ts';
import { answer, type Case, refuse } from './desk-answers.ts';
import { forwardMaintenance } from './desk-relay.ts';
import { siteElsewhere, unknownService } from './desk-seen.ts';
import { setWindows } from './desk-windows.ts';
import type { Mover } from './moves.ts';
import { epochMs } from './record.ts';
import { clockTime, oneLine } from './wording.ts';

/** A forgotten window must not blind the supervisor for ever: 30 days. */
const windowMsMax = 30 * 24 * 3_600_000;
/** One for each service of a well-filled node, in one document. */
const windowsPerNodeMax = 20;

const expected = 'expected JSON like {"node": "vps", "service": "web", "until": "2026-01-31T18:00:00Z", "reason": "disk swap"}';

export function judgeMaintenance(desk: Case): void {
  const parsed = parse(desk.request.text);
  if (parsed === null) {
    refuse(desk, { code: 'bad_request', line: `Refused: ${expected}.` });
    return;
  }
  const named = moverOf(desk.standing, parsed.on_behalf_of);
  if (!named.ok || named.mover.role !== 'person') {
    const [code, why] = named.ok ? ['not_allowed', `${desk.standing.login} is a program; only people declare maintenance`] : [named.code, named.why];
    refuse(desk, { code, line: `Refused: ${why}.` });
    return;
  }
  const node = resolveNode(parsed.node, desk.state.aliases);
  const site = siteElsewhere(desk.state, node);
  if (site === null) declareMaintenance(desk, named.mover, parsed);
  else forwardMaintenance(desk, named.mover, site, { ...parsed, node });
}

/** What a person has declared, here or at another site. */
export function declareMaintenance(desk: Case, { by }: Mover, request: MaintenanceRequest): void {
  const node = resolveNode(request.node, desk.state.aliases);
  const desired = desk.state.desired.get(node);
  if (desired === undefined) refuse(desk, { code: 'unknown_node', line: `Refused: no node is called "${request.node}".` });
  else if (desired.site !== desk.state.site) refuse(desk, { code: 'other_site', line: `Refused: ${node} belongs to the site ${desired.site}; ask there.` });
  else setWindow(desk, by, desired, { ...request, node });
}

function parse(text: string): MaintenanceRequest | null {
  try {
    return MaintenanceRequest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Of a stack each of its containers, like a recurring window. */
const containersOf = ({ services }: DesiredNode, service: string): readonly string[] =>
  services.filter(({ name, stack }) => name === service || stack === service).map(({ name }) => name);

function setWindow(desk: Case, by: string, desired: DesiredNode, { node, service, until, reason }: MaintenanceRequest): void {
  const { state, out, now } = desk;
  const what = service === null ? node : `${service} on ${node}`;
  const windows = state.maintenance.get(node) ?? [];
  const targets: readonly (string | null)[] = service === null ? [null] : containersOf(desired, service);
  if (epochMs(until) <= now) {
    // What is gone from the declaration may still have a window.
    const others = windows.filter((window) => window.service !== service && !targets.includes(window.service));
    if (others.length === windows.length) {
      refuse(desk, { code: 'bad_request', line: `Refused: "until" has passed, and ${what} is not in maintenance.` });
      return;
    }
    setWindows(state, out, { node, windows: others, what: 'ended', now });
    answer(desk, { summary: `Maintenance of ${what} has ended.`, code: 'maintenance_ended', ok: true });
    return;
  }
  if (service !== null && targets.length === 0) {
    const names = desired.services.flatMap(({ name, stack = name }) => [name, stack]);
    refuse(desk, { code: 'unknown_service', line: `Refused: ${unknownService(desired, service, names)}.` });
    return;
  }
  if (epochMs(until) > now + windowMsMax) {
    refuse(desk, { code: 'bad_request', line: 'Refused: "until" is more than 30 days away.' });
    return;
  }
  const others = windows.filter((window) => !targets.includes(window.service));
  if (others.length + targets.length > windowsPerNodeMax) {
    refuse(desk, { code: 'bad_request', line: `Refused: ${node} has ${others.length} of ${windowsPerNodeMax} maintenance windows already.` });
    return;
  }
  const begun = targets.map((target) => ({ service: target, until, reason: oneLine(reason), by }));
  setWindows(state, out, { node, windows: [...others, ...begun], what: 'begun', now });
  answer(desk, { summary: `Maintenance of ${what} until ${clockTime(until, now)}.`, code: 'maintenance', ok: true });
}
