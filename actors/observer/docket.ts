/** What one look at a node comes to: derived events, and when to look again. */
import type { Severity } from '../../contracts/common.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import type { IncidentKind } from '../../contracts/incident.ts';

/** A derived event, before it has a number. */
export interface Derived {
  readonly type: string;
  readonly severity: Severity;
  readonly service: string | null;
  readonly correlation_id: string | null;
  readonly message: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Judged {
  readonly derived: readonly Derived[];
  /** When to look again even if nothing happens. */
  readonly dueAtMs: number | null;
}

export class Docket {
  readonly derived: Derived[] = [];
  readonly now: number;
  private dueAtMs = Number.POSITIVE_INFINITY;

  constructor(now: number) {
    this.now = now;
  }

  /** Is it time? If not, look again then. */
  isDue(atMs: number): boolean {
    if (atMs <= this.now) return true;
    this.dueAtMs = Math.min(this.dueAtMs, atMs);
    return false;
  }

  add(type: string, message: string, rest: Partial<Derived> = {}): void {
    this.derived.push({ type, message, severity: eventTypeRow(type)?.severity ?? 'info', service: null, correlation_id: null, payload: {}, ...rest });
  }

  /** Health shows that it is over, and no event told. */
  resolve({ service, kind }: { readonly service: string | null; readonly kind: IncidentKind }, message: string, final = false): void {
    this.add('incident_resolved', message, { service, payload: { kind, ...(final ? { final } : {}) } });
  }

  judged(): Judged {
    return { derived: this.derived, dueAtMs: Number.isFinite(this.dueAtMs) ? this.dueAtMs : null };
  }
}
