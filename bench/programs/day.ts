/** One day of a node, for the figure of that name: `day.mjs <seed> <empty directory>` prints the accounts as JSON. */
import { runDay } from '../day/run-day.ts';

const [seed = '', directory = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await runDay({ seed: Number(seed), directory })));
