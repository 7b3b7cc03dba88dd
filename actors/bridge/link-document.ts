/** `links/<site>`: on the site's own broker whenever something changes, at the hub with every heartbeat. Pure but for the state given. */
import type { LinkStatus } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import { bestOffset } from './clock-offset.ts';
import type { BridgeCommand, BridgeState, LinkBody } from './state.ts';
import { healthOf, nearOf, send } from './uplink.ts';

/** What usually holds is left out: the same message crosses the link every 54 s. */
function bodyOf(state: BridgeState, now: number): LinkBody {
  const { queue, options } = state;
  const near = nearOf(state);
  return {
    ...healthOf(state),
    site: options.site,
    since: new Date(state.linkSinceMs).toISOString(),
    ...(near === 'up' ? {} : { near }),
    ...(queue.backlog === 0 ? {} : { backlog: queue.backlog }),
    ...(queue.dropped === 0 ? {} : { dropped: queue.dropped }),
    clock_offset_ms: bestOffset(state.samples, now),
  };
}

/** What is said of a link that nobody holds. */
export const willOf = (site: string, session: number, now: number): string =>
  JSON.stringify({
    status: 'down',
    summary: `the bridge of ${site} is gone, or its uplink is`,
    ts: new Date(now).toISOString(),
    session,
    site,
  } satisfies LinkStatusWill);
type LinkStatusWill = Pick<LinkStatus, 'status' | 'summary' | 'ts' | 'session' | 'site'>;

/** The heartbeat: the newest word of the link at the hub. Since when it is up nobody there asks, and the 36 bytes are 1.7 MB a month. */
function heartbeat(state: BridgeState, now: number): BridgeCommand {
  const { status, summary, since, ...rest } = bodyOf(state, now);
  state.heartbeatMs = now;
  state.far.rev += 1;
  const document = {
    status,
    summary,
    ts: new Date(now).toISOString(),
    session: state.far.session,
    rev: state.far.rev,
    ...(status === 'up' ? {} : { since }),
    ...rest,
  };
  return send(state, { topic: topics.link.build({ site: state.options.site }), text: JSON.stringify(document), retain: true }, now);
}

/** A clean goodbye, so that nobody waits for the will. */
export const farewellOf = (state: BridgeState, now: number): string =>
  JSON.stringify({
    ...(JSON.parse(willOf(state.options.site, state.far.session, now)) as LinkStatusWill),
    summary: `the bridge of ${state.options.site} was stopped`,
    rev: state.far.rev + 1,
  });

/** What a heartbeat tells the hub is told here too, the figures by which others judge; also during a cut, when people look at the backlog. */
export function bothHeartbeats(state: BridgeState, now: number): readonly BridgeCommand[] {
  state.heartbeatMs = now;
  return [{ type: 'link', body: bodyOf(state, now) }, ...(state.far.status === 'up' ? [heartbeat(state, now)] : [])];
}

/** What has changed of the link is said on both sides: here at once, at the hub when its status is another one. */
export function sayLink(state: BridgeState, now: number): readonly BridgeCommand[] {
  const { status } = healthOf(state);
  const isNew = status !== state.linkStatus;
  if (isNew) {
    state.linkStatus = status;
    state.linkSinceMs = now;
  }
  const body = bodyOf(state, now);
  // Figures alone go with the heartbeat: a document for each event would be noise. That the clocks were compared is waited for.
  const said = JSON.stringify({ ...body, backlog: undefined, dropped: undefined, clock_offset_ms: body.clock_offset_ms === null });
  if (said === state.linkSaid) return [];
  state.linkSaid = said;
  return [{ type: 'link', body }, ...(state.far.status === 'up' ? [heartbeat(state, now)] : [])];
}
