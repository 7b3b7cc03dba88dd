/** Which retained messages the embedded broker has room for, and where they are written. In memory they are once their turn has come (broker-order.ts). */
import type { BrokerPacket } from './broker-aedes.ts';
import type { Backlog, Retention } from './broker-order.ts';
import type { RetainedMessages } from './broker-retained.ts';
import type { Log } from './log.ts';

/** `write` null: in memory only. */
export function createRetention(retained: RetainedMessages, write: ((packet: BrokerPacket) => Promise<void>) | null, log: Log): Retention {
  let saidFull = false;
  return {
    hasRoom: (packet: BrokerPacket, beside: Backlog) => retained.hasRoom(packet, beside),
    admits: (packet) => {
      if (retained.admits(packet)) return true;
      if (!saidFull)
        log.warn(
          { topic: packet.topic, retained_messages: retained.count, retained_bytes: retained.bytes },
          'too much is retained: messages on new topics are delivered and not kept',
        );
      saidFull = true;
      return false;
    },
    write: (packet) => (write === null ? null : write(packet)),
  };
}
