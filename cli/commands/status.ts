/**
 * `homelab status`: is anything wrong, since when, and what waits for me. Exit code 0 only when nothing is
 * wrong: every site is nominal, and no file of the inventory has a fault.
 */
import { openStates } from '../../contracts/action.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output } from '../output.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';
import { isAllNominal, type StatusWorld, statusLines } from '../status-screen.ts';

export async function status(settings: Settings, out: Output): Promise<number> {
  const { health, ...world } = await visit(
    settings,
    async (at): Promise<StatusWorld> => ({
      health: new Map((await at.documents(topics.nodeHealth)).flatMap((doc) => (doc.node === undefined ? [] : [[doc.node, doc]]))),
      sites: await at.documents(topics.site),
      nodes: await at.documents(topics.worldNode),
      services: await at.documents(topics.worldService),
      incidents: (await at.documents(topics.incident)).filter((incident) => incident.status === 'active'),
      actions: (await at.documents(topics.action)).filter((action) => openStates.some((state) => state === action.status)),
      actors: await at.documents(topics.actorStatus),
      here: settings.site,
      links: await at.documents(topics.link),
    }),
  );
  const seen: StatusWorld = { ...world, ...(health === undefined ? {} : { health }) };
  const nowMs = Date.now();
  if (out.json) out.value(world);
  else for (const line of statusLines(seen, nowMs)) out.line(line);
  return isAllNominal(seen, nowMs) ? exitCodes.ok : exitCodes.trouble;
}
