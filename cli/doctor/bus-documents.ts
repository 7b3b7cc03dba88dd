/** What the checks need of the retained documents, read in one visit; those of a demo are told apart, so that nobody judges them as real. Changes nothing. */
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { CursorPositions } from '../../contracts/event.ts';
import type { NodeHealth } from '../../contracts/health.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { SiteSummary, WorldNode } from '../../contracts/world.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export interface BusDocuments {
  readonly health: readonly NodeHealth[];
  readonly world: readonly WorldNode[];
  readonly actors: readonly ActorStatus[];
  readonly sites: readonly SiteSummary[];
  readonly links: readonly LinkStatus[];
  readonly desired: DesiredNode | null;
  /** How far the store of our site is with the events of our node; null when it does not say. */
  readonly positions: CursorPositions | null;
  /** Nodes of a demo on the same broker; nothing of them is in the other fields. */
  readonly simulated: readonly string[];
}

export function readBusDocuments(settings: Settings): Promise<BusDocuments> {
  const { node, site } = settings;
  return visit(settings, async (at) => {
    const health = await at.documents(topics.nodeHealth);
    const desired = await at.documents(topics.desired);
    const cursors = await at.documents(topics.cursor);
    return {
      health: health.filter(isReal),
      world: (await at.documents(topics.worldNode)).filter(isReal),
      actors: (await at.documents(topics.actorStatus)).filter(isReal),
      sites: (await at.documents(topics.site)).filter(isReal),
      links: (await at.documents(topics.link)).filter(isReal),
      desired: desired.find((each) => isReal(each) && each.node === node) ?? null,
      positions: cursors.find((each) => isReal(each) && each.node === node && each.site === site)?.positions ?? null,
      simulated: [...health, ...desired].flatMap((each) => (isReal(each) || each.node === undefined ? [] : [each.node])).filter(isFirst),
    };
  });
}

const isReal = ({ simulated }: { readonly simulated?: true | undefined }): boolean => simulated !== true;

const isFirst = <T>(value: T, at: number, all: readonly T[]): boolean => all.indexOf(value) === at;
