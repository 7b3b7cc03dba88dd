/**
 * Knows which request topics the ledger owes nothing yet: the last request there vanished on its way to it. Any other that is
 * stored it has heard, and must have cleared. Once it has subscribed anew it has been handed what is stored, and none is left.
 */
import type { Passage } from '../../bus/memory-broker-connection.ts';
import { findTopic } from '../../contracts/topics.ts';

export class RequestOracle {
  private readonly unheard = new Set<string>();

  /** The network lost a message; `topic` is without the root. */
  onVanished({ direction, clientId }: Passage, topic: string): void {
    if (direction === 'delivery' && clientId.includes('-ledger-') && findTopic(topic)?.row.retained === false) this.unheard.add(topic);
  }

  /** The ledger hears something that is not empty: it clears the topic after that, whatever is stored there by then. */
  onHeard(topic: string): void {
    this.unheard.delete(topic);
  }

  isUnheard(topic: string): boolean {
    return this.unheard.has(topic);
  }
}
