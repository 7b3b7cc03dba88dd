/**
 * A message to a broker and back, on a connection of its own: connect, subscribe, publish, hear it, disconnect.
 *
 * Writes `probes/<login>` at that broker. Remembers nothing. Never rejects: what went wrong is the answer.
 */
import { topics } from '../contracts/topics.ts';
import { type Clock, withDeadline } from './clock.ts';
import { type Ids, randomIds } from './ids.ts';
import type { Link, Transport } from './link.ts';

/** In all; a connection over LTE takes 2 s, four turns at half a second. */
const roundTripDeadlineMs = 10_000;
const keepaliveS = 30;

export interface RoundTripOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly root: string;
  readonly login: string;
  readonly password?: string | undefined;
  readonly ids?: Ids;
}

export type RoundTripResult = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly detail: string };

export async function roundTrip(options: RoundTripOptions): Promise<RoundTripResult> {
  const { clock, transport } = options;
  const beganMs = clock.now();
  const opened: { link: Link | null; isOver: boolean } = { link: null, isOver: false };
  try {
    await withDeadline(clock, roundTripDeadlineMs, transport.description, thereAndBack(options, opened));
    return { ok: true, ms: Math.max(0, clock.now() - beganMs) };
  } catch (error) {
    return { ok: false, detail: (error instanceof Error ? error.message : String(error)).slice(0, 300) };
  } finally {
    opened.isOver = true;
    await opened.link?.close().catch(() => undefined);
  }
}

async function thereAndBack(
  { transport, root, login, password, ids = randomIds }: RoundTripOptions,
  opened: { link: Link | null; isOver: boolean },
): Promise<void> {
  const nonce = ids.nonce();
  const topic = `${root}/${topics.probe.build({ login })}`;
  let back: () => void = () => undefined;
  let broken: (error: Error) => void = () => undefined;
  const returned = new Promise<void>((resolve, reject) => {
    back = resolve;
    broken = reject;
  });
  // The connection may end before anybody waits for the message.
  returned.catch(() => undefined);
  const link = await transport.connect(
    // An id of its own: a broker ends the older of two connections with one id.
    {
      clientId: `${root}-${login}-round-trip`,
      clean: true,
      username: login,
      ...(password === undefined ? {} : { password }),
      keepaliveS,
      connectTimeoutMs: roundTripDeadlineMs,
    },
    {
      onMessage: (message) => {
        if (message.topic === topic && message.payload.toString('utf8').includes(nonce)) back();
      },
      onClose: (reason) => {
        broken(reason ?? new Error(`${transport.description}: the connection ended`));
      },
    },
  );
  opened.link = link;
  if (opened.isOver) return link.close();
  await link.subscribe([topic]);
  await link.publish(topic, JSON.stringify({ nonce }), { retain: false });
  await returned;
}
