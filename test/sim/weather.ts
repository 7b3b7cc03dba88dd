/**
 * What happens to messages on their way: lost, doubled, late. Late ones hold up their own connection only, so that messages
 * of different connections overtake each other; within one connection MQTT keeps the order, and so does this.
 *
 * A broker and TCP lose nothing silently where they promise not to: a document on its way to a reader is lost together with
 * that reader's connection, soon after; events and requests may vanish although they were acknowledged (a queue that ran over).
 */
import type { Clock } from '../../bus/clock.ts';
import type { Fault, Passage } from '../../bus/memory-broker-connection.ts';
import { findTopic } from '../../contracts/topics.ts';
import type { Random } from '../kit/random.ts';
import type { Trace } from './trace.ts';

const pass: Fault = { kind: 'pass' };
/** TCP notices within seconds what does not arrive. */
const breaksWithinMs = 3_000;
/** Worth a line in the trace. */
const tellDelayMs = 1_000;

export interface WeatherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly root: string;
  /** A message that nobody knows to be missing did not arrive. */
  readonly onVanished: (passage: Passage) => void;
  /** Breaks the connection of a client. */
  readonly disconnect: (clientId: string) => void;
}

export class Weather {
  isCalm = true;
  private readonly options: WeatherOptions;
  private readonly drop: number;
  private readonly duplicate: number;
  private readonly delay: number;
  private readonly delayMaxMs: number;

  constructor(options: WeatherOptions) {
    const { random } = options;
    this.options = options;
    this.drop = random.pick([0, 0.005, 0.02, 0.05]);
    this.duplicate = random.pick([0, 0.01, 0.05]);
    this.delay = random.pick([0, 0.02, 0.1]);
    this.delayMaxMs = random.pick([50, 2_000, 20_000]);
  }

  get forecast(): string {
    return `drop ${this.drop}, duplicate ${this.duplicate}, delay ${this.delay} up to ${this.delayMaxMs} ms`;
  }

  readonly fault = (passage: Passage): Fault => {
    if (this.isCalm) return pass;
    const { random } = this.options;
    const drawn = random.next();
    if (drawn < this.drop) return this.lose(passage);
    if (drawn < this.drop + this.duplicate) {
      this.tell(passage, 'doubled');
      return { kind: 'duplicate' };
    }
    if (drawn >= this.drop + this.duplicate + this.delay) return pass;
    const ms = random.between(1, this.delayMaxMs);
    if (ms >= tellDelayMs) this.tell(passage, `${ms} ms late`);
    return { kind: 'delay', ms };
  };

  private lose(passage: Passage): Fault {
    const { clock, random, root, disconnect, onVanished } = this.options;
    const isDocument = findTopic(passage.topic.slice(root.length + 1))?.row.retained === true;
    if (passage.retained && passage.direction === 'publish') return pass;
    this.tell(passage, 'lost');
    if (isDocument) {
      clock.setTimeout(
        () => {
          disconnect(passage.clientId);
        },
        random.between(0, breaksWithinMs),
      );
    } else onVanished(passage);
    return { kind: 'drop' };
  }

  private tell({ direction, clientId, topic }: Passage, what: string): void {
    this.options.trace.say('~ network', `${what}: ${topic} ${direction === 'publish' ? 'from' : 'to'} ${clientId}`);
  }
}
