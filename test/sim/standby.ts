/** The standby of a simulated site: a second broker in memory, open while the bridge says so, which forgets everything when it closes. */
import type { StandbyPort } from '../../actors/bridge/ports.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Transport } from '../../bus/link.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import type { Fault, Passage } from '../../bus/memory-broker-connection.ts';
import type { Trace } from './trace.ts';

export class SimStandby implements StandbyPort {
  readonly broker: MemoryBroker;
  private readonly trace: Trace;
  private isOpen = false;

  constructor({ clock, fault, trace }: { readonly clock: Clock; readonly fault: (passage: Passage) => Fault; readonly trace: Trace }) {
    this.trace = trace;
    this.broker = new MemoryBroker({ clock, fault });
    this.broker.stop();
  }

  open(): Promise<void> {
    if (!this.isOpen) this.trace.say('standby', 'opens');
    this.isOpen = true;
    this.broker.start();
    return Promise.resolve();
  }

  close(): Promise<void> {
    if (this.isOpen) this.trace.say('standby', 'closes');
    this.isOpen = false;
    this.broker.stop({ retained: true, sessions: true });
    return Promise.resolve();
  }
}

/** As an actor with two broker URLs connects: to the first that takes it. */
export const inTurn = (transports: readonly Transport[]): Transport => ({
  description: 'the first that answers',
  connect: async (options, handlers) => {
    let refusal: unknown;
    for (const transport of transports) {
      try {
        return await transport.connect(options, handlers);
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  },
});
