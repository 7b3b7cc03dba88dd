/** The events of throughput and rebuild: an eventful day of a few nodes, the same every time. Pure. */

import type { Severity } from '../contracts/common.ts';
import { laneOf } from '../contracts/event.ts';
import { eventTypes } from '../contracts/event-types.table.ts';

export interface Load {
  readonly nodes: number;
  /** Of each node. */
  readonly perNode: number;
  /** Which repetition: sequence numbers go on from the one before. */
  readonly repetition: number;
}

export interface LoadEvent {
  readonly id: string;
  readonly ts: string;
  readonly node: string;
  readonly source: string;
  readonly lane: 'urgent' | 'info';
  readonly seq: number;
  readonly type: string;
  readonly severity: Severity;
  readonly service: string | null;
  readonly correlation_id: string | null;
  readonly message: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export const servicesPerNode = 10;
export const loadNode = (at: number): string => `node-${at}`;
export const loadService = (at: number): string => `service-${at % servicesPerNode}`;

/** What is wrong with a service, its deployment, and both well again: every fourth event is the end of a deployment. */
const cycle = ['service_unhealthy', 'deployment_started', 'service_healthy', 'deployment_completed'] as const;

/** A UUIDv7 whose time and random parts are counters: valid, unique, and the same at each run. */
export const uuidOf = (ms: number, high: number, low: number): string => {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high.toString(16).padStart(3, '0')}-8000-${low.toString(16).padStart(12, '0')}`;
};

/** Which deployment a node's last event of a repetition ended, and with which message: what the world shows at the end. */
export const lastDeployment = ({ perNode, repetition }: Load): { readonly correlationId: string; readonly message: string } => {
  const { correlationId, message } = partsOf(perNode - 1, repetition);
  return { correlationId, message };
};

const partsOf = (at: number, repetition: number) => ({
  type: cycle[at % cycle.length] as (typeof cycle)[number],
  service: loadService(Math.floor(at / cycle.length)),
  correlationId: `deployment-${repetition}-${Math.floor(at / cycle.length) % servicesPerNode}`,
  message: `event ${at} of repetition ${repetition}: container answered its health check with exit code ${at % 3}`,
});

/** `perNode` must be a multiple of four. */
export function loadEvents({ nodes, perNode, repetition }: Load): readonly LoadEvent[] {
  const events: LoadEvent[] = [];
  const nowMs = Date.now();
  const seqs = Array.from({ length: nodes }, () => ({ urgent: (repetition * perNode) / 4, info: (repetition * perNode * 3) / 4 }));
  for (let at = 0; at < perNode; at += 1) {
    for (let node = 0; node < nodes; node += 1) {
      const { type, service, correlationId, message } = partsOf(at, repetition);
      const { severity } = eventTypes[type];
      const lane = laneOf(severity);
      const row = seqs[node] as (typeof seqs)[number];
      row[lane] += 1;
      events.push({
        id: uuidOf(nowMs, node, repetition * perNode + at),
        ts: new Date(nowMs).toISOString(),
        node: loadNode(node),
        source: 'load',
        lane,
        seq: row[lane],
        type,
        severity,
        service,
        correlation_id: type.startsWith('deployment') ? correlationId : null,
        message,
        payload: { exit_code: at % 3, container: `project-${service}-1` },
      });
    }
  }
  return events;
}
