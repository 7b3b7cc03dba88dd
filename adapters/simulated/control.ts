/**
 * Acting on a simulated engine: implements ExecutorPorts.
 *
 * Changes the simulated world and nothing else. Remembers nothing. Fails with ControlError: container_missing, unreachable,
 * timeout, refused, no_healthcheck, not_compose, container_present, compose_files_missing.
 */
import { type ContainerTarget, ControlError, type Declaration, type ExecutorPorts, type LastLines } from '../../actors/executor/ports.ts';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { delay } from '../../bus/clock.ts';
import { composeProjectLabel, groupByService, isGhost } from '../../contracts/canonical-name.ts';
import { containerFacts } from '../docker/facts.ts';
import { createRedactor } from '../docker/redact.ts';
import { createSimulatedCleanup } from './cleanup.ts';
import { type Container, inspectAnswer } from './container.ts';
import type { SimulatedEngine } from './engine.ts';

/** Of a restart on dockerd: 60 ms to stop, 200 ms to start (measured, no network). */
const stopMs = 60;
const startMs = 200;
/** Of docker-compose 1.29.2, which is Python. */
const composeStartMs = 400;
/** As with a real one, which is given so long. */
const composeDeadlineMs = 200_000;
/** As with a real engine: beyond the stop time-out, 30 s more and it hangs. */
const restartMarginMs = 30_000;
/** Asked for by the port. */
const probeOutputMax = 2_000;
const logLinesMax = 200;

export function createSimulatedControl(engine: SimulatedEngine): ExecutorPorts {
  const { world } = engine;
  const ask = <T>(what: string, run: () => T | Promise<T>, deadlineMs?: number): Promise<T> => engine.ask(what, run, deadlineMs).catch(rethrow);
  const known = (id: string): Container => {
    const container = world.find(id);
    if (container === undefined) throw new ControlError('container_missing', `No such container: ${id}`);
    return container;
  };
  return {
    findContainer: (service) => ask('list of containers', () => standingFor(engine, service)),
    restartContainer: (id, { stopTimeoutS }) => ask(`restart of ${id.slice(0, 12)}`, () => restart(engine, known(id)), stopTimeoutS * 1000 + restartMarginMs),
    runHealthcheck: (id) =>
      ask(`health check of ${id.slice(0, 12)}`, () => {
        const container = known(id);
        const { healthTest, probe = { exitCode: 0, output: '' } } = container.given;
        if (healthTest === undefined) throw new ControlError('no_healthcheck', `container ${id.slice(0, 12)} has no health check`);
        if (container.status !== 'running') throw new ControlError('refused', `Container ${id} is not running`);
        const output = createRedactor(inspectAnswer(container)).text(probe.output.trimEnd()).slice(-probeOutputMax);
        return { exitCode: probe.exitCode, output };
      }),
    collectDiagnostics: (id) =>
      ask(`diagnostics of ${id.slice(0, 12)}`, () => {
        const container = known(id);
        const inspect = inspectAnswer(container);
        const redactor = createRedactor(inspect);
        return { inspect: redactor.value(inspect), log: (container.given.log ?? []).slice(-logLinesMax).map(redactor.text) };
      }),
    redeployService: (id) => ask(`redeployment of ${id.slice(0, 12)}`, () => redeploy(engine, known(id)), composeDeadlineMs),
    createService: (declaration) => ask(`creation of ${declaration.service}`, () => create(engine, declaration), composeDeadlineMs),
    ...createSimulatedCleanup(engine, ask),
  };
}

function standingFor({ world }: SimulatedEngine, service: string): ContainerTarget | null {
  const containers = groupByService(world.all().map((container) => containerFacts(inspectAnswer(container)))).get(service) ?? [];
  const real = containers.filter((each) => !isGhost(each));
  const best = real.find(({ status }) => status === 'running') ?? real[0] ?? containers[0];
  return best === undefined ? null : { id: best.id, name: best.name, startedAt: best.startedAt };
}

/** Made anew is only what was there before: its files do not exist, and nobody else knows what it was. */
async function create(engine: SimulatedEngine, { stack, service }: Declaration): Promise<LastLines> {
  const { world, clock } = engine;
  const gone = (): Container => {
    const standing = standingFor(engine, service);
    if (standing !== null) throw new ControlError('container_present', `${standing.name} stands for ${service} by now; nothing was done`);
    const container = world.gone(service);
    if (container === undefined) throw new ControlError('compose_files_missing', `services/${stack}/docker-compose.yml is not there`);
    return container;
  };
  gone();
  await delay(clock, composeStartMs + startMs);
  if (engine.isOff) throw engine.unreachable('creation');
  const { name } = world.remake(gone());
  return [`Creating ${name} ... done`];
}

/** What Compose says of it; its files do not exist either. */
async function redeploy(engine: SimulatedEngine, container: Container): Promise<LastLines> {
  const { world, clock } = engine;
  if (container.given.labels?.[composeProjectLabel] === undefined) throw new ControlError('not_compose', 'its container was not made by Compose');
  await delay(clock, composeStartMs + stopMs + startMs);
  if (engine.isOff) throw engine.unreachable('redeployment');
  if (world.find(container.id) === undefined) throw new ControlError('container_missing', `No such container: ${container.id}`);
  world.replace(container);
  return [`Recreating ${container.name} ... done`];
}

async function restart(engine: SimulatedEngine, container: Container): Promise<void> {
  const { world, clock } = engine;
  const stillThere = (): void => {
    if (engine.isOff) throw engine.unreachable('restart');
    if (world.find(container.id) === undefined) throw new ControlError('container_missing', `No such container: ${container.id}`);
  };
  if (container.status === 'running') {
    world.stop(container);
    await delay(clock, stopMs);
  }
  await delay(clock, startMs);
  stillThere();
  world.start(container);
  world.say('restart', container);
}

function rethrow(error: unknown): never {
  if (!(error instanceof EngineTroubleError)) throw error;
  const { code, detail, retryable } = error.trouble;
  throw new ControlError(code, detail, { cause: error, retryable });
}
