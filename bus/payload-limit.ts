/** The one place that refuses a payload for its size, before anything is sent. */
import { payloadBytesMax } from '../contracts/defaults.ts';

/** Refused at once: a broker that drops it, or closes the connection over it, would leave the sender trying for ever. */
export class PayloadTooLargeError extends Error {
  override readonly name = 'PayloadTooLargeError';
  constructor(topic: string, bytes: number) {
    super(`a payload of ${bytes} bytes for ${topic} is above the ${payloadBytesMax} that the bus allows`);
  }
}

/** The error to reject with, or null. */
export function payloadProblem(topic: string, payload: string | Buffer): PayloadTooLargeError | null {
  const bytes = Buffer.byteLength(payload);
  return bytes > payloadBytesMax ? new PayloadTooLargeError(topic, bytes) : null;
}
