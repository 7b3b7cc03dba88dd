/** A scratch directory and a clock for the outboxes of one test file: new for each test, and all closed and removed after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { StepClock } from './step-clock.ts';

export interface OutboxPlace {
  /** Holds `outbox.jsonl`. */
  readonly dir: string;
  readonly clock: StepClock;
  /** The node-agent's of vps; a second one takes over what the first left in its file. */
  outbox(): Promise<Outbox>;
}

/** Call it once, at the top of the file. `site`: whose store counts in any case. */
export function outboxPlace(site: string): OutboxPlace {
  let dir = '';
  let clock = new StepClock();
  const open: Outbox[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'homelab-outbox-'));
    clock = new StepClock();
  });
  afterEach(async () => {
    for (const outbox of open.splice(0)) await outbox.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    get dir() {
      return dir;
    },
    get clock() {
      return clock;
    },
    outbox: async () => {
      const box = await Outbox.open({ dir, node: 'vps', site, source: 'node-agent', clock, log: silentLog });
      open.push(box);
      return box;
    },
  };
}

export const info = (message: string): EventDraft => ({ type: 'service_healthy', severity: 'info', message });
export const urgent = (message: string): EventDraft => ({ type: 'containers_not_running', severity: 'error', message });
