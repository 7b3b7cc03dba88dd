/**
 * What a journal says in the end: of its entries those that something still depends on.
 *
 * A line may say two things that no crash may tear apart (an action moved, and the verdict on the request that moved it);
 * here each is kept by itself, because they are outlived at different times. Owns and mutates its maps.
 */
import type { ActionEntry, LedgerEntry, MaintenanceEntry, RelayEntry, Remembered } from './desk-state.ts';
import { epochMs } from './record.ts';
import { forgetVerdicts, type GivenVerdict } from './relay-record.ts';

export class LastWords {
  private readonly actions = new Map<string, ActionEntry>();
  private readonly maintenance = new Map<string, MaintenanceEntry>();
  private readonly relays = new Map<string, RelayEntry>();
  private readonly verdicts = new Map<string, GivenVerdict>();

  constructor(entries: Iterable<LedgerEntry>) {
    for (const entry of entries) this.absorb(entry);
  }

  absorb(entry: LedgerEntry): void {
    const { at } = entry;
    if ('verdict' in entry && entry.verdict !== undefined) {
      forgetVerdicts(this.verdicts, epochMs(at));
      this.verdicts.set(entry.verdict.relay_id, { at, verdict: entry.verdict });
    }
    if (entry.kind === 'action') this.actions.set(entry.action.id, withoutVerdict(entry));
    else if (entry.kind === 'maintenance') this.maintenance.set(entry.node, withoutVerdict(entry));
    else if (entry.kind === 'relay' && entry.what === 'forwarded') this.relays.set(entry.relay.relayed.relay_id, entry);
    else if (entry.kind === 'relay') this.relays.delete(entry.relay.relayed.relay_id);
  }

  get size(): number {
    return this.actions.size + this.maintenance.size + this.relays.size + this.verdicts.size;
  }

  /** As few entries as say the same. */
  get entries(): readonly LedgerEntry[] {
    const verdicts = [...this.verdicts.values()].map(({ at, verdict }) => ({ kind: 'verdict', at, what: 'judged', verdict }) as const);
    return [...this.actions.values(), ...this.maintenance.values(), ...this.relays.values(), ...verdicts];
  }

  get remembered(): Remembered {
    return {
      actions: new Map([...this.actions].map(([id, { action }]) => [id, action])),
      maintenance: new Map([...this.maintenance].map(([node, { windows }]) => [node, windows])),
      relays: new Map([...this.relays].map(([id, { relay }]) => [id, relay])),
      verdicts: new Map(this.verdicts),
    };
  }
}

function withoutVerdict<E extends ActionEntry | MaintenanceEntry>(entry: E): E {
  if (entry.verdict === undefined) return entry;
  const { verdict: _apart, ...rest } = entry;
  return rest as E;
}
