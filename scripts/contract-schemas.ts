/**
 * Every contract by the name under which docs/schemas/ publishes it: the payloads of the topic table, and the shapes of
 * requests, which depend on the state in the topic. Those of files are in contracts/inventory/files.table.ts.
 */
import type { z } from 'zod';
import {
  Action,
  ActionRequest,
  ClaimRequest,
  DecisionRequest,
  Decisions,
  Maintenance,
  MaintenanceRequest,
  OutcomeRequest,
  ProposalRequest,
  Reply,
} from '../contracts/action.ts';
import { ActorStatus, Manifest } from '../contracts/actor-status.ts';
import { DesiredNode } from '../contracts/desired.ts';
import { Event } from '../contracts/event.ts';
import { NodeHealth, ServiceHealth } from '../contracts/health.ts';
import { HomeAssistantDevice, HomeAssistantStatus, HomeAssistantTap, Inbox } from '../contracts/home-assistant.ts';
import { Incident } from '../contracts/incident.ts';
import { LinkStatus, Probe, RelayedRequest, Verdict } from '../contracts/link.ts';
import { Cursor, Deployment, SiteSummary, WorldNode, WorldService } from '../contracts/world.ts';
import { ZigbeeBridgeState } from '../contracts/zigbee.ts';

export const contractSchemas = {
  Event,
  NodeHealth,
  ServiceHealth,
  ActorStatus,
  Manifest,
  DesiredNode,
  WorldNode,
  WorldService,
  Incident,
  Deployment,
  SiteSummary,
  Cursor,
  Action,
  Maintenance,
  Decisions,
  LinkStatus,
  ActionRequest,
  ProposalRequest,
  DecisionRequest,
  ClaimRequest,
  OutcomeRequest,
  MaintenanceRequest,
  Reply,
  Probe,
  RelayedRequest,
  Verdict,
  Inbox,
  HomeAssistantDevice,
  HomeAssistantStatus,
  HomeAssistantTap,
  ZigbeeBridgeState,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type ContractName = keyof typeof contractSchemas;

/** The published name of a schema; throws for one that is not in the list, so that no topic goes without. */
export function contractName(schema: z.ZodType): ContractName {
  const found = Object.entries(contractSchemas).find(([, each]) => (each as z.ZodType) === schema);
  if (found === undefined) throw new Error('a schema of the topic table is missing in scripts/contract-schemas.ts');
  return found[0] as ContractName;
}
