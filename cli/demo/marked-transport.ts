/**
 * A transport on which everything is marked as simulated: each document, will, event, reply and request that an actor of the demo
 * publishes says `"simulated": true` and ends its summary or message with "(simulated)". What comes in is unmarked, so that actors
 * know nothing of it and compare what they read back with what they said.
 *
 * One place for all topics of ours, so that none can be forgotten. Remembers nothing. Payloads that are no JSON object pass as they are.
 */
import type { Incoming, Link, LinkOptions, Transport } from '../../bus/link.ts';
import { findTopic } from '../../contracts/topics.ts';

const suffix = ' (simulated)';
/** The longest texts that the contracts allow: `summary` of a document (contracts/common.ts), `message` of an event (contracts/event.ts). */
const charsMax = { summary: 400, message: 2_000 } as const;
/** The head of a document stays first, as everywhere. */
const headKeys: readonly string[] = ['status', 'summary', 'ts', 'session', 'rev'];

type Fields = Record<string, unknown>;

export function markedTransport(transport: Transport): Transport {
  return {
    description: transport.description,
    async connect(options, handlers) {
      const link = await transport.connect(withMarkedWill(options), {
        onMessage: (message) => {
          handlers.onMessage(unmarked(message));
        },
        onClose: (reason) => {
          handlers.onClose(reason);
        },
      });
      const marked: Link = {
        // Home Assistant drops a device with a key that it does not know: ha-discovery marks the names instead.
        publish: (topic, payload, how) => link.publish(topic, findTopic(topic)?.row.foreign === true ? payload : mark(payload.toString()), how),
        subscribe: (filters) => link.subscribe(filters),
        unsubscribe: (filters) => link.unsubscribe(filters),
        close: (how) => link.close(how),
      };
      return marked;
    },
  };
}

const withMarkedWill = (options: LinkOptions): LinkOptions =>
  options.will === undefined ? options : { ...options, will: { ...options.will, payload: mark(options.will.payload) } };

export function mark(payload: string): string {
  const fields = parse(payload);
  if (fields === null) return payload;
  const text = 'summary' in fields ? 'summary' : 'message';
  const said = fields[text];
  const marked = typeof said === 'string' && said.length + suffix.length <= charsMax[text] ? { ...fields, [text]: said + suffix } : fields;
  const isHead = ([key]: [string, unknown]): boolean => headKeys.includes(key);
  const entries = Object.entries(marked);
  return JSON.stringify({
    ...Object.fromEntries(entries.filter(isHead)),
    simulated: true,
    ...Object.fromEntries(entries.filter((entry) => !isHead(entry))),
  });
}

export function unmark(payload: string): string {
  const fields = parse(payload);
  if (fields?.['simulated'] !== true) return payload;
  const { simulated: _simulated, ...rest } = fields;
  const text = 'summary' in rest ? 'summary' : 'message';
  const said = rest[text];
  return JSON.stringify(typeof said === 'string' && said.endsWith(suffix) ? { ...rest, [text]: said.slice(0, -suffix.length) } : rest);
}

/** Most messages of people carry no mark: those are not even parsed. */
const unmarked = (message: Incoming): Incoming =>
  message.payload.includes('"simulated":true') ? { ...message, payload: Buffer.from(unmark(message.payload.toString('utf8'))) } : message;

function parse(payload: string): Fields | null {
  if (!payload.startsWith('{')) return null;
  try {
    return JSON.parse(payload) as Fields;
  } catch {
    return null;
  }
}
