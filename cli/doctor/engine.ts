/**
 * Can the container engine be used: is its socket there, may this user use it, does it answer, and as which version.
 * Reads the socket and asks for the version; each way to fail has its own words and its own mend.
 */
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { codeOf, type Finding, findingsOf, messageOf, quoted } from './finding.ts';

export interface EngineAnswer {
  /** "Docker 27.5.1" */
  readonly engine: string;
  readonly apiVersion: string;
  readonly tookMs: number;
}

export interface EnginePorts {
  readonly socketPath: string;
  /** Where other installations put it (rootless Docker, Podman); shown only when the configured one is missing. */
  readonly otherSockets: readonly string[];
  /** What lies at a path; null: nothing. */
  kindOf(path: string): Promise<'socket' | 'other' | null>;
  /** Rejects with EACCES when this user may not use it. */
  mayUse(path: string): Promise<void>;
  /** Rejects with an EngineTroubleError. */
  version(): Promise<EngineAnswer>;
}

const say = findingsOf('container engine');
const blind = 'nothing can be seen or repaired on this machine';
const afterUsermod = 'sudo usermod -aG docker "$USER"   # then log out and in again';
const restart = 'sudo systemctl restart docker';

export interface EngineNeed {
  /** False: no actor that needs an engine belongs on this machine. */
  readonly isExpected: boolean;
  /** On this data directory, at the moment. */
  readonly isDemoRunning: boolean;
}

export async function checkEngine(ports: EnginePorts, { isExpected, isDemoRunning }: EngineNeed): Promise<Finding> {
  const { socketPath } = ports;
  const kind = await ports.kindOf(socketPath);
  if (kind === null && !isExpected) return say.ok(`none at ${socketPath}`, 'none of the actors of this machine needs one');
  if (kind === null && isDemoRunning) {
    const mend = 'sudo systemctl start docker   # before homelab up; or set DOCKER_HOST';
    return say.warning(`no socket at ${socketPath}`, 'the demo needs none; without one this machine itself cannot be watched', mend);
  }
  if (kind === null) return missing(ports);
  if (kind === 'other') {
    return say.error(
      `${socketPath} is not a socket`,
      blind,
      `sudo rm -r ${quoted(socketPath)} && ${restart}   # a container that mounted it too early leaves a directory there`,
    );
  }
  try {
    await ports.mayUse(socketPath);
  } catch (error) {
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') return say.error(`permission denied at ${socketPath}`, `${blind} by this user`, afterUsermod);
    return say.error(`${socketPath}: ${messageOf(error)}`, blind, restart);
  }
  try {
    const { engine, apiVersion, tookMs } = await ports.version();
    return say.ok(`${engine}, API ${apiVersion}, answered in ${tookMs} ms`, 'containers can be watched and restarted');
  } catch (error) {
    return trouble(socketPath, error);
  }
}

function trouble(socketPath: string, error: unknown): Finding {
  const code = error instanceof EngineTroubleError ? error.trouble.code : 'unreachable';
  if (code === 'timeout') {
    return say.error(
      `${socketPath} takes the connection and does not answer`,
      'the engine hangs: services show as unknown',
      `${restart}   # restarts containers unless live-restore is on`,
    );
  }
  if (code === 'refused') return say.error(messageOf(error), 'the engine answers with an error', `sudo journalctl -u docker -n 50 && ${restart}`);
  return say.error(`nobody listens at ${socketPath}: ${messageOf(error)}`, `the engine is not running: ${blind}`, restart);
}

async function missing(ports: EnginePorts): Promise<Finding> {
  for (const other of ports.otherSockets) {
    if (other === ports.socketPath || (await ports.kindOf(other)) !== 'socket') continue;
    return say.error(`no socket at ${ports.socketPath}, but one at ${other}`, blind, `export DOCKER_HOST=unix://${quoted(other)}`);
  }
  return say.error(`no socket at ${ports.socketPath}`, blind, 'sudo systemctl start docker   # or set DOCKER_HOST; to try without Docker: homelab up --demo');
}
