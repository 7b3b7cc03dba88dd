/**
 * The two files the inventory remembers by: declared.json and adopted.json in its own directory.
 * A file that cannot be read counts as nothing remembered, and is reported: it must not keep the inventory from starting.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { writeFileAtomic } from '../../bus/journal.ts';
import type { Log } from '../../bus/log.ts';
import { AdoptedMemory, DeclaredMemory } from '../../contracts/inventory/memory.ts';

export class InventoryMemory {
  private readonly declaredFile: string;
  private readonly adoptedFile: string;
  private readonly log: Log;

  constructor(options: { readonly dataDir: string; readonly log: Log }) {
    this.declaredFile = join(options.dataDir, 'declared.json');
    this.adoptedFile = join(options.dataDir, 'adopted.json');
    this.log = options.log;
  }

  load(): { readonly declared: DeclaredMemory | null; readonly adopted: AdoptedMemory | null } {
    return { declared: this.read(this.declaredFile, DeclaredMemory), adopted: this.read(this.adoptedFile, AdoptedMemory) };
  }

  saveDeclared(memory: DeclaredMemory): Promise<void> {
    return writeFileAtomic(this.declaredFile, `${JSON.stringify(memory)}\n`);
  }

  saveAdopted(memory: AdoptedMemory): Promise<void> {
    return writeFileAtomic(this.adoptedFile, `${JSON.stringify(memory)}\n`);
  }

  private read<T>(file: string, schema: z.ZodType<T>): T | null {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      this.log.warn({ file, err: error }, 'memory cannot be read; going on without it');
      return null;
    }
  }
}
