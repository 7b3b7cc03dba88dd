/** What the checks need of the retained documents, read in one visit. Changes nothing. */
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { CursorPositions } from '../../contracts/event.ts';
import type { NodeHealth } from '../../contracts/health.ts';
import { topics } from '../../contracts/topics.ts';
import type { WorldNode } from '../../contracts/world.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export interface BusDocuments {
  readonly health: readonly NodeHealth[];
  readonly world: readonly WorldNode[];
  readonly actors: readonly ActorStatus[];
  readonly desired: DesiredNode | null;
  /** How far the store of our site is with the events of our node; null when it does not say. */
  readonly positions: CursorPositions | null;
}

export function readBusDocuments(settings: Settings): Promise<BusDocuments> {
  const { node, site } = settings;
  return visit(settings, async (at) => ({
    health: await at.documents(topics.nodeHealth),
    world: await at.documents(topics.worldNode),
    actors: await at.documents(topics.actorStatus),
    desired: (await at.documents(topics.desired)).find((each) => each.node === node) ?? null,
    positions: (await at.documents(topics.cursor)).find((each) => each.node === node && each.site === site)?.positions ?? null,
  }));
}
