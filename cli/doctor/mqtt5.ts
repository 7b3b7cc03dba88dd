/**
 * Clients that the built-in broker refuses because they speak MQTT 5; they are told nothing but "failed to connect". Home Assistant is
 * one as it comes. Read from the broker's own figures: mosquitto has none of that name, and nothing is said of it.
 */
import { type Clock, withDeadline } from '../../bus/clock.ts';
import { topics } from '../../contracts/topics.ts';
import type { BrokerAsked, BrokerPorts } from './broker.ts';
import { counted, type Finding, findingsOf } from './finding.ts';

const say = findingsOf('mqtt 5 clients');

const connectMs = 3_000;
const keepaliveS = 30;
/** The figures come at once to whoever begins to read them, before a message that is sent after. */
const readMs = 3_000;
const figures = '$SYS/broker/limits/connections';

export interface Version5Seen {
  /** Since the broker started. */
  readonly refused: number;
  /** Client and address; '' = not known. */
  readonly last: string;
}

export function checkMqtt5(seen: Version5Seen | null): readonly Finding[] {
  if (seen === null) return [];
  const { refused, last } = seen;
  if (refused === 0) return [say.ok('none was refused since the broker started', 'it speaks 3.1.1 only')];
  return [
    say.warning(
      `${counted(refused, 'connection')} refused since the broker started${last === '' ? '' : `, the last one of ${last}`}`,
      'it speaks 3.1.1 only, and such a client sees no more than "failed to connect"',
      '# set that client to MQTT 3.1.1; in Home Assistant: Settings > Devices & services > MQTT > Reconfigure > Advanced options > MQTT protocol: 3.1.1',
    ),
  ];
}

/** null: this broker does not count them, or does not tell this login. */
export async function readMqtt5(
  { transport, nonce, clock }: Pick<BrokerPorts, 'transport' | 'nonce'> & { readonly clock: Clock },
  asked: BrokerAsked,
): Promise<Version5Seen | null> {
  const seen = new Map<string, string>();
  const word = nonce();
  let isBack: () => void = () => undefined;
  const back = new Promise<void>((resolve) => (isBack = resolve));
  const link = await transport(asked.url).connect(
    {
      clientId: `${asked.topicRoot}-doctor-${word.slice(0, 8)}`,
      clean: true,
      username: asked.login,
      ...(asked.password === undefined ? {} : { password: asked.password }),
      keepaliveS,
      connectTimeoutMs: connectMs,
    },
    {
      onMessage: ({ topic, payload }) => {
        if (topic.startsWith(figures)) seen.set(topic.slice(figures.length + 1), payload.toString());
        else if (payload.includes(word)) isBack();
      },
      onClose: () => undefined,
    },
  );
  try {
    const probe = `${asked.topicRoot}/${topics.probe.build({ login: asked.login })}`;
    await link.subscribe([`${figures}/+`, probe]);
    await link.publish(probe, JSON.stringify({ nonce: word }), { retain: false });
    await withDeadline(clock, readMs, 'reading the figures of the broker', back);
  } finally {
    await link.close();
  }
  const refused = Number(seen.get('mqtt_5'));
  return Number.isInteger(refused) ? { refused, last: seen.get('mqtt_5_last') ?? '' } : null;
}
