/** `homelab alive`: are the actors of this data directory connected and well? The health check of a container. Changes nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder } from '../../bus/lock-file.ts';
import { actorNames } from '../../contracts/actor-names.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output } from '../output.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export async function alive(settings: Settings, out: Output): Promise<number> {
  const running = runningHere(settings.dataRoot);
  const statuses = await visit(settings, (at) => at.documents(topics.actorStatus));
  const ill = running.flatMap((actor) => {
    const said = statuses.find((status) => status.node === settings.node && status.actor === actor);
    return said?.status === 'online' ? [] : [`${actor}: ${said?.status ?? 'nothing on the broker'}`];
  });
  if (out.json) out.value({ running, ill });
  else
    out.line(
      ill.length > 0 ? ill.join(', ') : running.length > 0 ? `online: ${running.join(', ')}` : 'the broker answers; no actor runs on this data directory',
    );
  return ill.length === 0 ? exitCodes.ok : exitCodes.trouble;
}

/** Actors whose lock a living process holds; a demo in the same directory is none. */
function runningHere(dataRoot: string): readonly string[] {
  if (!existsSync(dataRoot)) return [];
  return readdirSync(dataRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && actorNames.some((name) => name === entry.name) && lockHolder(join(dataRoot, entry.name, 'lock')) !== null)
    .map(({ name }) => name)
    .sort();
}
