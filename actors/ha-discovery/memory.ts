/**
 * `announced.json`: which devices were announced, so that those of what is gone can be taken away by a later life, also where the broker
 * has lost its retained messages while Home Assistant still has the devices. A file that cannot be read is reported, and begins anew.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../bus/journal.ts';
import type { Log } from '../../bus/log.ts';

const Announced = z.object({
  id: z.string(),
  /** Of the document that the device stands for, without the root. */
  topic: z.string(),
  /** Whose observer says whether it is still there. */
  site: z.string(),
});
export type Announced = z.infer<typeof Announced>;

const File = z.object({ announced: z.array(Announced) });

const fileIn = (dataDir: string): string => join(dataDir, 'announced.json');

export function loadAnnounced(dataDir: string, log: Log): readonly Announced[] {
  const file = fileIn(dataDir);
  try {
    return File.parse(JSON.parse(readFileSync(file, 'utf8'))).announced;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, file }, 'what was announced to Home Assistant could not be read; what the broker holds counts');
    return [];
  }
}

export const saveAnnounced = (dataDir: string, announced: readonly Announced[]): Promise<void> =>
  writeFileAtomic(fileIn(dataDir), `${JSON.stringify({ announced })}\n`);
