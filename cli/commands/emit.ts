/** `homelab emit <type>`: an event from a shell script, on disk before the command returns. */
import { existsSync } from 'node:fs';
import { isoTime, systemClock } from '../../bus/clock.ts';
import type { Severity } from '../../contracts/common.ts';
import { severities } from '../../contracts/common.ts';
import { EventType } from '../../contracts/event.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import { exitCodes, type Output } from '../output.ts';
import { type Settings, UsageError } from '../settings.ts';
import { spool } from '../spool.ts';

/** How long to wait for the node-agent to take it, so that a script hears when nobody does. */
const takenWithinMs = 3_000;
const lookEveryMs = 25;

export interface EmitOptions {
  readonly message?: string;
  readonly severity?: string;
  readonly service?: string;
  readonly correlation?: string;
  readonly payload?: string;
}

export async function emit(settings: Settings, out: Output, type: string, options: EmitOptions): Promise<number> {
  if (!EventType.safeParse(type).success) throw new UsageError(`event type ${JSON.stringify(type)}: expected snake_case, at most 64 characters`);
  const file = await spool(settings.dataRoot, {
    ts: isoTime(systemClock.now()),
    type,
    severity: severityOf(type, options.severity),
    service: options.service ?? null,
    correlation_id: options.correlation ?? null,
    message: options.message ?? '',
    payload: payloadOf(options.payload),
  });
  const untilMs = Date.now() + takenWithinMs;
  while (existsSync(file) && Date.now() < untilMs) {
    await new Promise((resolve) => {
      setTimeout(resolve, lookEveryMs);
    });
  }
  const taken = !existsSync(file);
  if (out.json) out.value({ type, taken, file: taken ? null : file });
  else
    out.line(
      taken
        ? `${type}: taken by the node-agent of this machine`
        : `${type}: kept in ${file}; no node-agent runs on this data directory yet, the next one takes it`,
    );
  return exitCodes.ok;
}

function severityOf(type: string, given: string | undefined): Severity {
  if (given === undefined) return eventTypeRow(type)?.severity ?? 'info';
  const severity = severities.find((each) => each === given);
  if (severity === undefined) throw new UsageError(`--severity ${given}: expected one of ${severities.join(', ')}`);
  return severity;
}

function payloadOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new UsageError('--payload: expected a JSON object, such as {"disk_pct": 91}');
}
