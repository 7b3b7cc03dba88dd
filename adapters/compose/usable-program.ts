/** Which docker-compose may be used on this engine, where containers made from certain images would be recreated. Fails with compose_missing, compose_too_old. */
import { ControlError } from '../../actors/executor/ports.ts';
import { rethrow, short } from '../docker/control-calls.ts';
import { type Engine, isHttpStatus } from '../docker/engine.ts';
import { type ComposeProgram, type ComposePrograms, findComposePrograms } from './programs.ts';

interface Options {
  readonly engine: Engine;
  readonly programs?: () => Promise<ComposePrograms>;
}

/** Version 2 where there is one: version 1 is fragile in the middle of a recreate, and fails there on newer engines. */
export async function usableProgram({ engine, programs = findComposePrograms }: Options, images: readonly string[]): Promise<ComposeProgram> {
  const { v1, v2 } = await programs();
  if (v2 !== null) return v2;
  if (v1 === null)
    throw new ControlError(
      'compose_missing',
      'neither docker compose nor docker-compose runs here; put docker-compose 2 where it is found (a container: /opt/homelab/bin), as services/node-agent/README.md says',
    );
  for (const image of images)
    if (!(await hasContainerConfig(engine, image)))
      throw new ControlError(
        'compose_too_old',
        `docker-compose ${v1.version} cannot recreate on this engine (KeyError ContainerConfig), and would leave it down; install version 2`,
      );
  return v1;
}

/** docker-compose 1.x reads this field of the old image after it has stopped and renamed the container; engines since API 1.45 have none. */
async function hasContainerConfig(engine: Engine, image: string): Promise<boolean> {
  try {
    const found = await engine.call(`image ${short(image)}`, (docker, abortSignal) => docker.getImage(image).inspect({ abortSignal } as object));
    return 'ContainerConfig' in found;
  } catch (error) {
    // Removed meanwhile: then it is not read either.
    if (isHttpStatus(error, 404)) return true;
    rethrow(error);
  }
}
