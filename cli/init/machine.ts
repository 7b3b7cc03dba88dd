/**
 * Finds out about this machine what `homelab init` needs: its engine's containers, its hardware, Compose.
 * Reads only. Fails with an UnavailableError when there is an engine that does not answer: then nobody knows what runs.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { listRunning } from '../../adapters/docker/running.ts';
import { readHardware } from '../../adapters/host/hardware.ts';
import { systemClock } from '../../bus/clock.ts';
import { UnavailableError } from '../session.ts';
import type { Settings } from '../settings.ts';
import type { MachineFacts } from './proposal.ts';
import { type Selection, selectServices } from './services.ts';

/** One inspect takes below a millisecond; a small machine under load gets time. */
const engineDeadlineMs = 10_000;
/** `docker-compose version` starts Python: 0.4 s, and more on a small machine. */
const composeDeadlineMs = 10_000;
/** Where the original system kept what its services keep; the disk below it is the one that matters. */
const dataDirectory = '/opt/homelab';

/** `directory`: where the proposal goes. */
export async function readMachine(settings: Settings, directory: string): Promise<MachineFacts> {
  const [selection, hardware, composeVersion] = await Promise.all([
    readEngine(settings.dockerSocket),
    readHardware(existsSync(dataDirectory) ? dataDirectory : '/'),
    readComposeVersion(),
  ]);
  const hasSchemas = existsSync(join(directory, 'docs/schemas'));
  return { node: settings.node, site: settings.site, hardware, selection, composeVersion: selection === null ? null : composeVersion, hasSchemas };
}

/** null: there is no socket, so no engine. */
async function readEngine(socketPath: string): Promise<Selection | null> {
  if (!existsSync(socketPath)) return null;
  try {
    return selectServices(await listRunning(createEngine({ socketPath, deadlineMs: engineDeadlineMs, clock: systemClock })));
  } catch (error) {
    if (!(error instanceof EngineTroubleError)) throw error;
    throw new UnavailableError(`${error.trouble.detail}. Nothing was written: what runs here is not known. "homelab doctor" says more.`);
  }
}

/** The plugin, else the program of the first generation. */
async function readComposeVersion(): Promise<string | null> {
  return (await versionOf('docker', ['compose', 'version', '--short'])) ?? (await versionOf('docker-compose', ['version', '--short']));
}

const versionOf = (program: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(program, [...args], { timeout: composeDeadlineMs }, (error, stdout) => {
      resolve(error === null ? (/\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? null) : null);
    });
  });
