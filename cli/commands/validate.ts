/**
 * `homelab validate`: is the declared homelab right? Every file against its contract, every rule, every Compose file put
 * before docker-compose itself. Changes nothing. Exit code 0 without errors (warnings are none), 1 with, 2 for no directory.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { watchTree } from '../../adapters/files/watch-tree.ts';
import { actorNames } from '../compose.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';
import { ComposeCheck } from '../validate/compose-check.ts';
import { findingValue, reportLines, summaryValue } from '../validate/report.ts';
import { type Validation, type ValidationOptions, validation } from '../validate/validation.ts';
import { version } from '../version.ts';

export interface ValidateOptions {
  /** false: --no-compose */
  readonly compose?: boolean;
  readonly watch?: boolean;
  readonly strict?: boolean;
}

export async function validate(settings: Settings, out: Output, given: string | undefined, options: ValidateOptions): Promise<number> {
  const directory = given === undefined ? settings.inventoryDir : resolve(given);
  if (!isDirectory(directory)) throw new UsageError(`${given ?? directory}: there is no such directory`);
  if (!['inventory', 'hosts', 'services'].some((name) => existsSync(resolve(directory, name)))) {
    throw new UsageError(`${given ?? directory}: nothing is declared there; expected inventory/, hosts/ or services/ (homelab init makes a proposal)`);
  }
  const asked: ValidationOptions = {
    directory,
    program: { version, actors: actorNames },
    compose: options.compose === false ? null : new ComposeCheck(directory),
    strict: options.strict === true,
  };
  let result = await validation(asked);
  print(out, result);
  if (options.watch === true) {
    await repeat(directory, async () => {
      result = await validation(asked);
      if (!out.json) out.line(`\n${new Date().toISOString()}`);
      print(out, result);
    });
  }
  return result.errors === 0 ? exitCodes.ok : exitCodes.trouble;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function print(out: Output, result: Validation): void {
  if (!out.json) {
    for (const line of reportLines(result)) out.line(line);
    return;
  }
  for (const finding of result.findings) out.value(findingValue(finding));
  out.value(summaryValue(result));
}

/** Again after each change, one at a time, until SIGINT or SIGTERM. Rejects where an attempt does. */
function repeat(directory: string, attempt: () => Promise<void>): Promise<void> {
  return new Promise((resolvePromise, reject) => {
    let state: 'idle' | 'busy' | 'again' = 'idle';
    const run = async (): Promise<void> => {
      do {
        state = 'busy';
        await attempt();
      } while (wasTouched());
      state = 'idle';
    };
    const wasTouched = (): boolean => state === 'again';
    const stopWatching = watchTree(directory, () => {
      if (state === 'idle') run().catch(reject);
      else state = 'again';
    });
    // The watches alone do not keep the process alive.
    const alive = setInterval(() => undefined, 60_000);
    function stop(): void {
      clearInterval(alive);
      stopWatching();
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolvePromise();
    }
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
