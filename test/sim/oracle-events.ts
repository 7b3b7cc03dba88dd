/** Checks once everything is healed that no event was lost: of each emitter and lane every number was sent, and the store has passed the highest that its emitter promised to keep. */
import type { Event } from '../../contracts/event.ts';
import type { Cursor } from '../../contracts/world.ts';

/** An emitter whose file was damaged numbers on from the clock in milliseconds: that far ahead it is a new beginning, not a hole. */
const newBeginning = 1_000;

export class EventOracle {
  /** Numbers that were sent, by node, source and lane. */
  private readonly sent = new Map<string, Set<number>>();
  /** The highest number that a power cut may have taken from its emitter, also by node, source and lane. */
  private readonly cutAt = new Map<string, number>();

  /** Emitters that have been told in their present life that the bridge keeps their events for the hub. */
  private readonly told = new Set<string>();
  /** Of emitters that were not: nobody has promised that these reach the hub (decision 16). */
  private readonly unpromised = new Set<string>();

  onStart(login: string): void {
    this.told.delete(login);
  }

  /** An emitter hears that another store keeps its events. */
  onTold(login: string): void {
    this.told.add(login);
  }

  onPublish(login: string, { id, node, source, lane, seq }: Event): void {
    if (!this.told.has(login)) this.unpromised.add(id);
    const key = [node, source, lane].join(' ');
    const numbers = this.sent.get(key);
    if (numbers === undefined) this.sent.set(key, new Set([seq]));
    else numbers.add(seq);
  }

  /** Info events are not synced: what was sent, and not stored yet, may be gone with its emitter. */
  onPowerCut(node: string, source: string): void {
    const key = [node, source, 'info'].join(' ');
    const numbers = this.sent.get(key);
    if (numbers !== undefined) this.cutAt.set(key, Math.max(...numbers));
  }

  /** Another store may lack it: a power cut has taken it from its emitter, or nobody had told that one of the other store. */
  mayBeMissing({ id, stream, seq }: { readonly id: string; readonly stream: string; readonly seq: number }): boolean {
    return seq <= (this.cutAt.get(stream) ?? 0) || this.unpromised.has(id);
  }

  /** In words, one line each. */
  differences(cursorOf: (node: string) => Cursor | undefined): readonly string[] {
    const found: string[] = [];
    for (const [key, numbers] of this.sent) {
      const [node = '', source = '', lane = ''] = key.split(' ');
      const sorted = [...numbers].sort((a, b) => a - b);
      for (const [at, seq] of sorted.entries()) {
        const before = sorted[at - 1] ?? seq - 1;
        if (seq - before > 1 && seq - before < newBeginning) found.push(`events ${before + 1} to ${seq - 1} of ${key} were never sent`);
      }
      const stored = cursorOf(node)?.positions[source]?.[lane === 'urgent' ? 'urgent' : 'info'] ?? 0;
      const highest = sorted.at(-1) ?? 0;
      if (stored < highest && highest > (this.cutAt.get(key) ?? 0)) found.push(`events of ${key} are stored up to ${stored}, and were sent up to ${highest}`);
    }
    return found;
  }
}
