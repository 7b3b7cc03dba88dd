/** Names that nobody else gives, as a thing that is handed in: a simulation draws them from its seed. */
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

export interface Ids {
  /** UUIDv7. */
  eventId(): string;
  /** At least 8 characters. */
  nonce(): string;
}

export const randomIds: Ids = { eventId: () => uuidv7(), nonce: () => randomUUID() };
