/**
 * The embedded broker as a process of its own, to be killed: `node --import tsx broker-main.ts <port> <data directory> [host]`.
 * Says `ready` on its standard output once it listens.
 */
import { startBroker } from '../../bus/broker.ts';
import { createLog } from '../../bus/log.ts';

const [port, dataDir, host = '127.0.0.1'] = process.argv.slice(2);
await startBroker({ host, port: Number(port), dataDir: dataDir ?? null, log: createLog({ level: 'warn' }) });
process.stdout.write('ready\n');
