/** Brokers that a test may bounce: they come back on the same address, with what they knew or empty. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../bus/broker.ts';
import type { Transport } from '../../bus/link.ts';
import { silentLog } from '../../bus/log.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { transportTo } from './conformance-brokers.ts';
import { freePort, haveMosquitto, startMosquitto } from './mosquitto.ts';

export interface RestartableBroker {
  readonly transport: Transport;
  /** Down and up again. A broker without a disk always comes back empty. */
  restart(memory: 'kept' | 'empty'): Promise<void>;
  stop(): Promise<void>;
}

export function startMemory(): Promise<RestartableBroker> {
  const broker = new MemoryBroker();
  return Promise.resolve({
    transport: broker.transport(),
    restart: (memory) => {
      broker.stop(memory === 'empty' ? { retained: true } : {});
      broker.start();
      return Promise.resolve();
    },
    stop: () => Promise.resolve(broker.stop()),
  });
}

async function startAedes(hasDisk: boolean): Promise<RestartableBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'restartable-'));
  let life = 0;
  let port = 0;
  const start = async (): Promise<Broker> => {
    const broker = await startBroker({ host: '127.0.0.1', port, dataDir: hasDisk ? join(dir, String(life)) : null, log: silentLog });
    port = broker.port;
    return broker;
  };
  let broker = await start();
  return {
    transport: transportTo(`mqtt://127.0.0.1:${port}`),
    restart: async (memory) => {
      await broker.close();
      if (memory === 'empty') life += 1;
      broker = await start();
    },
    stop: async () => {
      await broker.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startDebian(): Promise<RestartableBroker> {
  const dir = mkdtempSync(join(tmpdir(), 'restartable-'));
  let life = 0;
  const port = await freePort();
  const start = () => startMosquitto({ dataDir: join(dir, String(life)), port });
  let mosquitto = await start();
  return {
    transport: transportTo(mosquitto.url),
    restart: async (memory) => {
      await mosquitto.stop();
      if (memory === 'empty') life += 1;
      mosquitto = await start();
    },
    stop: async () => {
      await mosquitto.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const restartableBrokers = [
  { name: 'aedes in memory', available: true, start: () => startAedes(false) },
  { name: 'aedes on disk', available: true, start: () => startAedes(true) },
  { name: 'mosquitto', available: haveMosquitto(), start: startDebian },
] as const;
