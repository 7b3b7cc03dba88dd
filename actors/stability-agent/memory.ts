/**
 * What outlives a restart, in memory.json of the actor's directory: which alarms stand and what was said of them, how disks have been
 * filling, and who has been on the tailnet. Waiting times begin anew. A file that cannot be read counts as none, and is reported.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../bus/journal.ts';
import type { Log } from '../../bus/log.ts';
import { alarmLevels } from './alarm.ts';

const Level = z.enum(alarmLevels).nullable();

const MemoryFile = z.object({
  version: z.literal(1),
  alarms: z.array(
    z.object({
      check: z.string(),
      subject: z.string(),
      service: z.string().nullable(),
      level: Level,
      said: Level,
      said_ms: z.number().default(0),
      raised_ms: z.number(),
      message: z.string(),
    }),
  ),
  disks: z.record(z.string(), z.array(z.tuple([z.number(), z.number()]))).describe('per disk: when, and how many bytes were free'),
  tailnet_known: z.boolean(),
  tailnet_away_ms: z.number().nullable().default(null).describe('since when the socket of tailscaled has been away'),
  tailnet_peers: z
    .record(z.string(), z.number().nullable())
    .default({})
    .describe('named peers that have been on the tailnet: since when they are not; null: they are'),
  stamped_ms: z.number().default(0).describe('the newest time that an event was given'),
});
export type Memory = z.infer<typeof MemoryFile>;

const emptyMemory: Memory = { version: 1, alarms: [], disks: {}, tailnet_known: false, tailnet_away_ms: null, tailnet_peers: {}, stamped_ms: 0 };

const fileIn = (dataDir: string): string => join(dataDir, 'memory.json');

export function loadMemory(dataDir: string, log: Log): Memory {
  const file = fileIn(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyMemory;
    throw error;
  }
  try {
    return MemoryFile.parse(JSON.parse(text));
  } catch (error) {
    log.warn({ file, err: error }, 'memory cannot be read; what stands is said once more');
    return emptyMemory;
  }
}

export const saveMemory = (dataDir: string, memory: Memory): Promise<void> => writeFileAtomic(fileIn(dataDir), `${JSON.stringify(memory)}\n`);
