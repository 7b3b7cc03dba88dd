/**
 * Events from shell scripts: `homelab emit` writes a file, the node-agent of the machine takes it into its outbox.
 *
 * A file is on disk before `emit` returns, and is removed once the outbox has it; the event's id keeps one that was taken
 * just before a crash from being taken twice. A file that is not an event is set aside as `<name>.rejected` and said.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { ActorIo, ActorModule } from '../bus/actor.ts';
import { writeFileAtomic } from '../bus/journal.ts';
import { ServiceName, Severity, TimestampIn } from '../contracts/common.ts';
import { EventType } from '../contracts/event.ts';

export const SpooledEvent = z.object({
  id: z.uuid(),
  ts: TimestampIn,
  type: EventType,
  severity: Severity,
  service: ServiceName.nullable().default(null),
  correlation_id: z.string().max(128).nullable().default(null),
  message: z.string().max(2000),
  payload: z.record(z.string(), z.unknown()).default({}),
});
export type SpooledEvent = z.infer<typeof SpooledEvent>;

const spoolDir = (dataRoot: string): string => join(dataRoot, 'spool');

/** Writes the event; it is on disk when this returns. The result is the file, gone once the node-agent has taken it. */
export async function spool(dataRoot: string, event: Omit<SpooledEvent, 'id'>): Promise<string> {
  const id = uuidv7();
  const file = join(spoolDir(dataRoot), `${id}.json`);
  await writeFileAtomic(file, JSON.stringify(SpooledEvent.parse({ ...event, id })));
  return file;
}

/** The same actor, which also takes what lies in the spool: at start, and whenever a file appears (no polling). */
export function withSpool(module: ActorModule, dataRoot: string): ActorModule {
  return {
    name: module.name,
    async create(io) {
      const blueprint = await module.create(io);
      return {
        ...blueprint,
        attach(send) {
          const stopSpool = watchSpool(spoolDir(dataRoot), io);
          const detach = blueprint.attach?.(send);
          return async () => {
            await stopSpool();
            await detach?.();
          };
        },
      };
    },
  };
}

function watchSpool(dir: string, io: ActorIo): () => Promise<void> {
  mkdirSync(dir, { recursive: true });
  let taking: Promise<void> = Promise.resolve();
  const take = (): void => {
    taking = taking
      .then(() => takeAll(dir, io))
      .catch((error: unknown) => {
        io.log.error({ err: error }, 'spool: cannot take events');
      });
  };
  const watcher = watch(dir, take);
  watcher.on('error', (error) => {
    io.log.error({ err: error }, 'spool: cannot watch');
  });
  take();
  return async () => {
    watcher.close();
    await taking;
  };
}

async function takeAll(dir: string, io: ActorIo): Promise<void> {
  for (const name of readdirSync(dir)
    .filter((each) => each.endsWith('.json'))
    .sort()) {
    const file = join(dir, name);
    let event: SpooledEvent;
    try {
      event = SpooledEvent.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      io.log.warn({ file, err: error }, 'spool: not an event; set aside');
      renameSync(file, `${file}.rejected`);
      continue;
    }
    await io.emit(event);
    rmSync(file, { force: true });
  }
}
