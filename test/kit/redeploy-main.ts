/** A process that redeploys one container through docker-compose 1.x and ends: the part of an executor that a test kills in the middle. */
import { join } from 'node:path';
import { findComposePrograms } from '../../adapters/compose/programs.ts';
import { createComposeRedeploy } from '../../adapters/compose/redeploy.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { systemClock } from '../../bus/clock.ts';

const [socketPath = '', directory = '', id = ''] = process.argv.slice(2);
const engine = createEngine({ socketPath, deadlineMs: 10_000, clock: systemClock });
const ports = createComposeRedeploy({
  ...{ engine, dockerHost: `unix://${socketPath}`, inventoryDirectory: directory },
  ...{ configDirectory: join(directory, 'config'), outputDirectory: join(directory, 'out') },
  programs: async () => ({ ...(await findComposePrograms()), v2: null }),
});
await ports.redeployService(id);
