/** `homelab world rebuild`: replays the event store. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { rebuildWorld } from '../../actors/observer/rebuild.ts';
import { lockHolder } from '../../bus/lock-file.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';

export async function worldRebuild(settings: Settings, out: Output, options: { readonly dryRun?: boolean }): Promise<number> {
  const dataDir = join(settings.dataRoot, 'observer');
  const holder = lockHolder(join(dataDir, 'lock'));
  const dryRun = options.dryRun === true;
  if (holder !== null && !dryRun) {
    throw new UsageError(
      `the observer of ${settings.dataRoot} runs as process ${holder}. Stop it first, or look without writing: homelab world rebuild --dry-run`,
    );
  }
  // V8's own value: what the start of the program saves memory with, for the sake of those that run all day, costs a replay a fifth.
  setFlagsFromString('--semi-space-growth-factor=2');
  const startedAtMs = Date.now();
  const result = await rebuildWorld({ dataDir, write: !dryRun });
  const seconds = (Date.now() - startedAtMs) / 1000;
  if (out.json) out.value({ ...result.counts, seconds, written: !dryRun });
  else {
    out.line(
      `${result.counts.events} events of ${result.counts.nodes} nodes replayed in ${seconds.toFixed(1)} s; ${result.counts.quarantined} could not be read${result.counts.quarantined > 0 ? ` (see ${join(dataDir, 'quarantine')})` : ''}.`,
    );
    out.line(dryRun ? 'Nothing was written.' : 'Checkpoints written; the observer overlays what the broker holds at its next start.');
  }
  return exitCodes.ok;
}
