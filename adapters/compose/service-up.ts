/**
 * Runs `up -d --no-deps --no-build` for one service of one project, when its turn has come, and says how it ended: what a redeployment and a
 * creation have in common. Never `down`, a volume, another service, a build, or a newer image.
 *
 * Remembers which project Compose is at work on. Fails with ControlError, see ComposePorts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ControlError, type LastLines } from '../../actors/executor/ports.ts';
import { DeadlineError } from '../../bus/clock.ts';
import { rethrow } from '../docker/control-calls.ts';
import { type Engine, listRows } from '../docker/engine.ts';
import { rowName } from '../docker/facts.ts';
import { createRedactor, type Redactor } from '../docker/redact.ts';
import type { ComposeProgram, ComposePrograms } from './programs.ts';
import { type ComposeProject, projectArguments } from './project.ts';
import { Turns } from './turns.ts';
import { runUp, type UpEnd } from './up.ts';

/** Stop (10 s, or the grace period of the service), create and start take seconds; the rest is for an image that is missing. More does not fit the lease of the action, which is the verify window plus 300 s. */
export const upDeadlineMs = 200_000;
/** Left after waiting for another redeployment of the same project: two of them at once rename each other's containers. */
const upDeadlineMinMs = 60_000;
/** Of what it printed; a document that aims below 1.5 kB. A traceback of Python says what happened in its last line. */
const linesMax = 6;
const lineCharsMax = 160;
/** An error has 400 characters. */
const detailCharsMax = 200;
/** The last line of version 1, whatever the trouble was. */
const saysNothing = /^Encountered errors while bringing up the project/;

export interface ComposeOptions {
  readonly engine: Engine;
  /** Of the same engine, as Compose wants it: `unix:///path`. */
  readonly dockerHost: string;
  /** The checkout: `services/` and `hosts/`. */
  readonly inventoryDirectory: string;
  /** Where `<service>/.env` lies. */
  readonly configDirectory: string;
  /** For what Compose prints. */
  readonly outputDirectory: string;
  readonly programs?: () => Promise<ComposePrograms>;
}

export interface ServiceUp {
  readonly program: ComposeProgram;
  readonly project: ComposeProject;
  /** When all of it must be over, epoch milliseconds. */
  readonly untilMs: number;
  /** Options of `up` that only the last look can tell; it is taken when the turn has come. Rejects when nothing may be done after all. */
  readonly lastLook: () => Promise<readonly string[]>;
  /** Whose secrets may be in what Compose prints; null: only those of the env files. */
  readonly container: Docker.ContainerInspectInfo | null;
}

export class ServiceUps {
  private readonly options: ComposeOptions;
  private readonly turns = new Turns();

  constructor(options: ComposeOptions) {
    this.options = options;
  }

  async run({ program, project, untilMs, lastLook, container }: ServiceUp): Promise<LastLines> {
    const { engine, dockerHost, outputDirectory } = this.options;
    const endTurn = await this.turns.take(engine.clock, project.name, upDeadlineMs - upDeadlineMinMs).catch((error: unknown) => {
      if (!(error instanceof DeadlineError)) throw error;
      throw new ControlError('compose_busy', `Compose is still at work on ${project.name}; nothing was done`, { cause: error });
    });
    let over: Promise<unknown> = Promise.resolve();
    try {
      const args = [...projectArguments(program, project), ...upArguments(program, project, await lastLook())];
      const outputFile = join(outputDirectory, `${encodeURIComponent(project.name)}.log`);
      const deadlineMs = untilMs - engine.clock.now();
      const run = runUp(program.command, args, { clock: engine.clock, deadlineMs, cwd: project.directory, env: environment(dockerHost), outputFile });
      over = run.over;
      return await outcomeOf(engine, container, project, await run.end);
    } finally {
      // It goes on after it was given up.
      void over.then(endTurn, endTurn);
    }
  }
}

async function outcomeOf(engine: Engine, container: ServiceUp['container'], project: ComposeProject, end: UpEnd): Promise<LastLines> {
  if (end.kind === 'missing') throw new ControlError('compose_missing', 'Compose is gone; nothing was done');
  if (end.kind === 'late') throw new ControlError('timeout', 'Compose did not end in time');
  const output = lastLines(end.printed, await redactorFor(container, project));
  if (end.code === 0) return output;
  throw await failed(engine, project, end.code, output);
}

/** Nothing of our own: a COMPOSE_FILE, COMPOSE_PROFILES or a variable of whoever started us would change what is made. */
export function environment(dockerHost: string): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '/', DOCKER_CONFIG } = process.env;
  return {
    ...{ PATH, HOME, LC_ALL: 'C.UTF-8', DOCKER_HOST: dockerHost },
    // Where the logins of registries are.
    ...(DOCKER_CONFIG === undefined ? {} : { DOCKER_CONFIG }),
    // Version 1 gives up after 60 s, in the middle of stopping a service with a longer grace period.
    COMPOSE_HTTP_TIMEOUT: String(upDeadlineMs / 1000),
  };
}

/** `--no-build`: a build is no repair, and may take longer than anybody waits. Version 1 pulls only what is missing, and refuses to be told so. */
const upArguments = ({ version }: ComposeProgram, { service }: ComposeProject, options: readonly string[]): readonly string[] => [
  ...['up', '-d', '--no-deps', '--no-build', ...options],
  ...(version.startsWith('1.') ? [] : ['--pull', 'missing']),
  service,
];

/** Whether a container with these labels is one of the service in this project. */
export const isOf = ({ name, service }: ComposeProject, labels: Readonly<Record<string, string>>): boolean =>
  labels['com.docker.compose.project'] === name && labels['com.docker.compose.service'] === service && labels['com.docker.compose.oneoff'] !== 'True';

/** In whatever state. */
export const rowsOf = async (engine: Engine, project: ComposeProject): Promise<readonly Docker.ContainerInfo[]> =>
  (await listRows(engine).catch(rethrow)).filter(({ Labels }) => isOf(project, Labels ?? {}));

/** Learns the secrets of the container that goes, and of the one that comes. */
async function redactorFor(container: ServiceUp['container'], { directory, envFiles }: ComposeProject): Promise<Redactor> {
  const given = envFiles.length > 0 ? envFiles : [join(directory, '.env')];
  const texts = await Promise.all(given.map((file) => readFile(file, 'utf8').catch(() => '')));
  return createRedactor({ container, Env: texts.flatMap((text) => text.split('\n').map((line) => line.trim())) });
}

const lastLines = (printed: string, { text }: Redactor): LastLines =>
  text(printed)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-linesMax)
    .map((line) => line.slice(0, lineCharsMax));

/** What is left matters to whoever reads it: a recreate that fails in the middle leaves the old container stopped under another name. */
async function failed(engine: Engine, project: ComposeProject, code: number, output: LastLines): Promise<ControlError> {
  const rows = await rowsOf(engine, project).catch(() => []);
  const left = rows.map((row) => `${rowName(row)} is ${row.State}`).join(', ');
  const said = (output.findLast((line) => !saysNothing.test(line)) ?? 'it said nothing').slice(0, detailCharsMax);
  return new ControlError('compose_failed', `Compose ended with ${code}: ${said}; ${left === '' ? 'no container is left' : left}`, { result: { output } });
}
