/**
 * THE table of topics, without the root. Everything that names a topic does it through here: builders, filters,
 * schemas, retained or not, who writes, which way the bridge carries it. docs/topics.md is generated from it.
 *
 * `actions/<state>/<requester>` carries requests and is never retained; the documents, with what became of
 * them, are at `world/actions/<node>/<id>`.
 *
 * Rows marked `foreign` are other programs' topics; they stand outside the root, and are only read unless they are announcements.
 */
import { Action, ActionRequest, Decisions, Maintenance, MaintenanceRequest, Reply } from './action.ts';
import { ActorStatus, Manifest } from './actor-status.ts';
import { DesiredNode } from './desired.ts';
import { Event } from './event.ts';
import { NodeHealth, ServiceHealth } from './health.ts';
import { HomeAssistantDevice, HomeAssistantStatus, HomeAssistantTap, Inbox } from './home-assistant.ts';
import { Incident } from './incident.ts';
import { LinkStatus, Probe, RelayedRequest, Verdict } from './link.ts';
import { defineTopic, type Topic } from './topic.ts';
import { Cursor, Deployment, SiteSummary, WorldNode, WorldService } from './world.ts';
import { ZigbeeBridgeState } from './zigbee.ts';

export const topics = {
  events: defineTopic({
    pattern: 'events/{node}', schema: Event, kind: 'event', owner: 'agents of that node', bridge: 'up',
    means: 'what happened; kept in the outbox of its writer until the cursors of all stores have passed it',
  }),
  nodeHealth: defineTopic({
    pattern: 'health/{node}', schema: NodeHealth, kind: 'document', owner: 'node-agent', bridge: 'up', will: true,
    means: 'heartbeat of a node, with its metrics and the digest of its services; a will says offline',
  }),
  serviceHealth: defineTopic({
    pattern: 'health/{node}/{service}', schema: ServiceHealth, kind: 'document', owner: 'node-agent', bridge: 'up',
    means: 'what the container engine says about a service',
  }),
  actorStatus: defineTopic({
    pattern: 'actors/{node}/{actor}', schema: ActorStatus, kind: 'document', owner: 'that actor', bridge: 'up', will: true,
    means: 'mode, restarts and last error of an actor; a will says offline',
  }),
  manifest: defineTopic({
    pattern: 'manifests/{node}/{actor}', schema: Manifest, kind: 'document', owner: 'that actor', bridge: 'up',
    means: 'the documents an actor owns now; what is not in it any more is deleted',
  }),
  desired: defineTopic({
    pattern: 'desired/{node}', schema: DesiredNode, kind: 'document', owner: 'inventory', bridge: 'down',
    means: 'what should run on a node, declared or adopted',
  }),
  worldNode: defineTopic({
    pattern: 'world/nodes/{node}', schema: WorldNode, kind: 'document', owner: 'observer', bridge: 'up',
    means: 'a node as the observer of its site understands it',
  }),
  worldService: defineTopic({
    pattern: 'world/services/{node}/{service}', schema: WorldService, kind: 'document', owner: 'observer', bridge: 'up',
    means: 'a service as the observer of its site understands it; here missing and unknown exist',
  }),
  incident: defineTopic({
    pattern: 'world/incidents/{node}/{id}', schema: Incident, kind: 'document', owner: 'observer', bridge: 'up',
    means: 'a trouble with a beginning and an end',
  }),
  deployment: defineTopic({
    pattern: 'world/deployments/{node}/{correlation_id}', schema: Deployment, kind: 'document', owner: 'observer', bridge: 'up',
    means: 'a deployment and how it ended',
  }),
  site: defineTopic({
    pattern: 'world/sites/{site}', schema: SiteSummary, kind: 'document', owner: 'observer', bridge: 'up',
    means: 'the worst of a site in one document',
  }),
  cursor: defineTopic({
    pattern: 'cursors/{site}/{node}', schema: Cursor, kind: 'document', owner: 'observer', bridge: 'none',
    means:
      "highest seq of a node's events in the store of that site, written by its observer; on a broker further out by the bridge that answers for that store: the acknowledgement of an outbox",
  }),
  action: defineTopic({
    pattern: 'world/actions/{node}/{id}', schema: Action, kind: 'document', owner: 'ledger', bridge: 'up',
    means: 'an action: what is proposed, who agreed, what became of it',
  }),
  maintenance: defineTopic({
    pattern: 'world/maintenance/{node}', schema: Maintenance, kind: 'document', owner: 'ledger', bridge: 'up',
    means: 'maintenance windows in force',
  }),
  decisions: defineTopic({
    pattern: 'decisions/{node}', schema: Decisions, kind: 'document', owner: 'supervisor', bridge: 'up',
    means: 'per service: what is proposed, or why nothing is',
  }),
  link: defineTopic({
    pattern: 'links/{site}', schema: LinkStatus, kind: 'document', owner: 'bridge', bridge: 'none', will: true,
    means: 'the uplink of a site, on both brokers; a will at the hub says down',
  }),
  request: defineTopic({
    pattern: 'actions/{state}/{requester}', schema: ActionRequest, kind: 'request', owner: 'that requester', bridge: 'none',
    means: 'a request to move an action to a state; the last level is the broker login',
  }),
  anonymousRequest: defineTopic({
    pattern: 'actions/{state}', schema: ActionRequest, kind: 'request', owner: 'a person without a login', bridge: 'none',
    means: 'the same from a person without a login; only where nobody but this machine can reach the broker',
  }),
  maintenanceRequest: defineTopic({
    pattern: 'maintenance/{requester}', schema: MaintenanceRequest, kind: 'request', owner: 'that requester', bridge: 'none',
    means: 'a request for a maintenance window',
  }),
  reply: defineTopic({
    pattern: 'replies/{requester}/{site}', schema: Reply, kind: 'message', owner: 'ledger', bridge: 'none',
    means: 'the answer to a request: one readable line and a code',
  }),
  probe: defineTopic({
    pattern: 'probes/{login}', schema: Probe, kind: 'message', owner: 'that login', bridge: 'none',
    means: 'a round trip: tests a broker, and tells an actor that it has read everything retained',
  }),
  relay: defineTopic({
    pattern: 'relay/{site}', schema: RelayedRequest, kind: 'message', owner: "the hub's ledger", bridge: 'down',
    means: "a request for another site's action, resolved, authorised and stamped",
  }),
  verdict: defineTopic({
    pattern: 'verdicts/{site}', schema: Verdict, kind: 'message', owner: "that site's ledger", bridge: 'up',
    means: 'what a site decided about a relayed request',
  }),
  inbox: defineTopic({
    pattern: 'inbox/{site}', schema: Inbox, kind: 'document', owner: 'ha-discovery', bridge: 'none',
    means: 'what waits for a yes at the broker of a site, in one small document: for Home Assistant and other displays',
  }),
  homeAssistantTap: defineTopic({
    pattern: 'taps/{site}', schema: HomeAssistantTap, kind: 'message', owner: 'Home Assistant', bridge: 'none',
    means: 'the first of two presses in Home Assistant: it approves nothing, and for a minute the second button is for this',
  }),
  homeAssistantDevice: defineTopic({
    pattern: 'homeassistant/device/{id}/config', schema: HomeAssistantDevice, kind: 'announcement', owner: 'ha-discovery', bridge: 'none', foreign: true,
    means: 'a device announced to Home Assistant; empty = it is no more',
  }),
  homeAssistantStatus: defineTopic({
    pattern: 'homeassistant/status', schema: HomeAssistantStatus, kind: 'message', owner: 'Home Assistant', bridge: 'none', foreign: true, will: true,
    means: 'birth and will of Home Assistant',
  }),
  zigbeeBridge: defineTopic({
    pattern: 'zigbee2mqtt/bridge/state', schema: ZigbeeBridgeState, kind: 'message', owner: 'zigbee2mqtt', bridge: 'none', foreign: true, will: true,
    means: 'whether zigbee2mqtt works, as it says itself, or as its will says',
  }),
} as const;

export type TopicName = keyof typeof topics;

export const allTopics: readonly (readonly [TopicName, Topic])[] = Object.entries(topics) as unknown as readonly (readonly [TopicName, Topic])[];

/** The row and levels of a topic without its root, or null when no row has it. */
export function findTopic(topic: string): { readonly name: TopicName; readonly row: Topic; readonly levels: Readonly<Record<string, string>> } | null {
  for (const [name, row] of allTopics) {
    const levels = row.match(topic);
    if (levels !== null) return { name, row, levels: levels as Readonly<Record<string, string>> };
  }
  return null;
}
