/**
 * Which Compose project a declared service belongs to, by the checkout of the inventory: for a service that has no container to ask.
 *
 * Reads whether files can be read. Remembers nothing. Fails with ControlError compose_files_missing, which names the path.
 * The override of the node may be absent; its services.yaml may not, so that a checkout which does not know the node is not taken for one
 * that has nothing to override there.
 */
import { join } from 'node:path';
import type { Declaration } from '../../actors/executor/ports.ts';
import { inventoryFiles, overridePath } from '../../contracts/inventory/files.table.ts';
import { DeclaredServiceName } from '../../contracts/inventory/words.ts';
import { type ComposeProject, readTrouble, unreadable, usualEnvFile } from './project.ts';

export interface DeclaredPlaces {
  /** The checkout: `services/` and `hosts/`. */
  readonly inventoryDirectory: string;
  /** Where `<stack>/.env` lies. */
  readonly configDirectory: string;
}

export async function declaredProject({ node, stack, service }: Declaration, { inventoryDirectory, configDirectory }: DeclaredPlaces): Promise<ComposeProject> {
  // It came in a document: a name such as `..` is no directory of services/.
  if (!DeclaredServiceName.safeParse(stack).success) throw unreadable(`services/${stack}`, 'is no directory of a service');
  const directory = join(inventoryDirectory, 'services', stack);
  const base = join(directory, 'docker-compose.yml');
  const override = join(inventoryDirectory, overridePath(node, stack));
  await mustBeReadable(base);
  await mustBeReadable(join(inventoryDirectory, inventoryFiles.services.path.replace('<node>', node)));
  const hasOverride = (await readTrouble(override)) !== 'ENOENT';
  if (hasOverride) await mustBeReadable(override);
  return {
    ...{ name: projectName(stack), service, directory },
    files: hasOverride ? [base, override] : [base],
    envFiles: await usualEnvFile(join(configDirectory, stack, '.env')),
  };
}

async function mustBeReadable(file: string): Promise<void> {
  const trouble = await readTrouble(file);
  if (trouble === 'EACCES') throw unreadable(file, 'may not be read by this user');
  if (trouble !== null) throw unreadable(file, 'is not there; HOMELAB_INVENTORY names the checkout that is read, in a container mounted at the same path');
}

/** What both versions make of the name of a directory. Source: docker-compose 1.29.2, compose/cli/command.py; compose-go 2, NormalizeProjectName. */
const projectName = (stack: string): string => stack.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '');
