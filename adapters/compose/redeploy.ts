/**
 * Replaces the container of one service through Compose, or makes the one that a declared service has not (create.ts): implements ComposePorts.
 *
 * Reads the labels of the container, its Compose files and their variables; runs `up -d --no-deps --force-recreate <service>` and nothing else:
 * no `down`, no volume, no other service, no build, no newer image. Remembers nothing but which project Compose is at work on.
 * Fails with ControlError, see ComposePorts. All that can be known beforehand is looked at before anything is touched, because docker-compose
 * 1.29 finds out in the middle, when the old container has been stopped and renamed.
 */
import { type ComposePorts, ControlError, type LastLines } from '../../actors/executor/ports.ts';
import { isGhost } from '../../contracts/canonical-name.ts';
import { inspect } from '../docker/control-calls.ts';
import type { Engine } from '../docker/engine.ts';
import { rowName } from '../docker/facts.ts';
import { createService } from './create.ts';
import { ownContainer } from './own-container.ts';
import { type ComposeProject, projectOf } from './project.ts';
import { checkProject } from './resolve.ts';
import { type ComposeOptions, environment, rowsOf, ServiceUps, upDeadlineMs } from './service-up.ts';
import { usableProgram } from './usable-program.ts';

export function createComposeRedeploy(options: ComposeOptions): ComposePorts {
  const ups = new ServiceUps(options);
  return {
    redeployService: (id) => redeploy(options, ups, id),
    createService: (declaration) => createService(options, ups, declaration),
  };
}

async function redeploy(options: ComposeOptions, ups: ServiceUps, id: string): Promise<LastLines> {
  const { engine, configDirectory, dockerHost } = options;
  const untilMs = engine.clock.now() + upDeadlineMs;
  const container = await inspect(engine, id);
  if ((await ownContainer()) === id) throw new ControlError('own_container', 'this executor runs in it and would end itself half-way; do it by hand');
  const project = await projectOf(container.Config.Labels ?? {}, configDirectory);
  const program = await usableProgram(options, [container.Image]);
  await checkProject(program, project, { env: environment(dockerHost), present: container.Config.Env ?? [] });
  return ups.run({ program, project, untilMs, container, lastLook: async () => ['--force-recreate', ...scaled(project, await replicasOf(engine, project))] });
}

/** Without it the number goes back to that of the file. */
const scaled = ({ service }: ComposeProject, replicas: number): readonly string[] => (replicas > 1 ? ['--scale', `${service}=${replicas}`] : []);

const replicasOf = async (engine: Engine, project: ComposeProject): Promise<number> =>
  (await rowsOf(engine, project)).filter((row) => row.State !== 'created' && !isGhost({ id: row.Id, name: rowName(row) })).length;
