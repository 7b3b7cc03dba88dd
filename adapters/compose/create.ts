/**
 * Makes the container that a declared service has not, from the Compose files of the checkout: `up -d --no-deps --no-build --no-recreate <service>`.
 *
 * Reads the files and their variables, and which containers there are. Replaces and removes nothing: a container that stands for the service by
 * now, or has the name that its own would get, is left as it is and told of. Remembers nothing. Fails with ControlError, see ComposePorts.
 */
import { ControlError, type Declaration, type LastLines } from '../../actors/executor/ports.ts';
import { composeProjectLabel, groupByService, type NamedContainer } from '../../contracts/canonical-name.ts';
import { inspect, rethrow } from '../docker/control-calls.ts';
import { type Engine, listRows } from '../docker/engine.ts';
import { rowName } from '../docker/facts.ts';
import { declaredProject } from './declared-project.ts';
import { isSameOutside, ownContainer } from './own-container.ts';
import { type ComposeProject, unreadable } from './project.ts';
import { checkProject } from './resolve.ts';
import { type ComposeOptions, environment, isOf, rowsOf, type ServiceUps, upDeadlineMs } from './service-up.ts';
import { usableProgram } from './usable-program.ts';

export async function createService(options: ComposeOptions, ups: ServiceUps, declaration: Declaration): Promise<LastLines> {
  const { engine, dockerHost, inventoryDirectory } = options;
  const untilMs = engine.clock.now() + upDeadlineMs;
  const project = await declaredProject(declaration, options);
  await mustBeSameOutside(engine, inventoryDirectory);
  // What was made and never started is no service, and Compose finds it all the same.
  const leftovers = (await rowsOf(engine, project)).filter(({ State }) => State === 'created');
  const program = await usableProgram(
    options,
    leftovers.map(({ ImageID }) => ImageID),
  );
  const { container_name } = await checkProject(program, project, { env: environment(dockerHost), present: null });
  const lastLook = async (): Promise<readonly string[]> => {
    await mustBeFree(engine, project, container_name ?? null);
    // Whatever somebody makes in the moment that is left, stays. A leftover must fit the files as they are now.
    return leftovers.length === 0 ? ['--no-recreate'] : [];
  };
  return ups.run({ program, project, untilMs, container: null, lastLook });
}

/** The engine is outside: it would mount what lies there at the paths that Compose read here, and make empty directories of what does not. */
async function mustBeSameOutside(engine: Engine, directory: string): Promise<void> {
  const own = await ownContainer();
  if (own === null) return;
  const container = await inspect(engine, own).catch((error: unknown) => {
    // Made by another engine than the one that is asked: both are in there together.
    if (error instanceof ControlError && error.code === 'container_missing') return null;
    throw error;
  });
  if (container === null || isSameOutside(directory, container.Mounts)) return;
  throw unreadable(
    directory,
    'is not the same path on the machine; mount the checkout there, -v <checkout>:<checkout>:ro, and say HOMELAB_INVENTORY=<checkout>',
  );
}

async function mustBeFree(engine: Engine, project: ComposeProject, wantedName: string | null): Promise<void> {
  const all = (await listRows(engine).catch(rethrow)).map(
    (row): NamedContainer => ({ id: row.Id, name: rowName(row), labels: row.Labels ?? {}, status: row.State }),
  );
  const own = all.filter(({ labels }) => isOf(project, labels));
  const [standing] = [...(groupByService(all).get(project.service) ?? []), ...own.filter(({ status }) => status !== 'created')];
  if (standing !== undefined)
    throw new ControlError('container_present', `${standing.name} stands for ${project.service} by now (it is ${standing.status}); nothing was done`);
  const other = all.find((each) => each.name === wantedName && !own.includes(each));
  if (other === undefined) return;
  const otherProject = other.labels[composeProjectLabel];
  const whose = otherProject === undefined ? 'not made by Compose' : `of project ${otherProject}`;
  throw new ControlError('container_present', `the name ${other.name} is taken by another container (${whose}, it is ${other.status}); nothing was done`);
}
