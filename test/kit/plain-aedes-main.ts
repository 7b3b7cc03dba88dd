/**
 * aedes as it comes, as a process of its own: `node --import tsx plain-aedes-main.ts [directory]`. In memory, or with its own
 * store in LevelDB. Says where it listens.
 */
import levelPersistence from 'aedes-persistence-level';
import { Level } from 'level';
import { startPlainAedes } from './plain-aedes.ts';

const [directory] = process.argv.slice(2);
const persistence = directory === undefined ? {} : { persistence: levelPersistence(new Level(directory, { valueEncoding: 'buffer' })) };
const { port } = await startPlainAedes(persistence);
process.stdout.write(`mqtt://127.0.0.1:${port}\n`);
