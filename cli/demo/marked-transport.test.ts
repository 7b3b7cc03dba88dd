import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incoming, LinkHandlers, LinkOptions, Transport } from '../../bus/link.ts';
import { mark, markedTransport, unmark } from './marked-transport.ts';

const head = { status: 'online', summary: 'vps is online', ts: '2026-03-01T12:00:00.000Z', session: 3, rev: 7 };

describe('a payload', () => {
  it('of a document says so in its summary and right after its head', () => {
    expect(mark(JSON.stringify({ ...head, node: 'vps' }))).toBe(
      JSON.stringify({ ...head, summary: 'vps is online (simulated)', simulated: true, node: 'vps' }),
    );
  });

  it('of an event says so in its message', () => {
    const marked = JSON.parse(mark(JSON.stringify({ id: 'x', ts: head.ts, type: 'service_healthy', message: 'web is healthy' }))) as object;
    expect(marked).toMatchObject({ simulated: true, message: 'web is healthy (simulated)' });
  });

  it('that is no JSON object passes as it is', () => {
    for (const text of ['', 'next', 'container-restart-vps-web', '"text"', '[1]', '{half']) expect([mark(text), unmark(text)]).toEqual([text, text]);
  });

  it('that a person sent is not changed on its way in', () => {
    const text = '{ "id": "x", "note": "it is (simulated)" }';
    expect(unmark(text)).toBe(text);
  });

  it('comes back as it was, to the byte, whatever it holds', () => {
    const rest = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => !(key in head) && !['simulated', 'message', '__proto__'].includes(key) && !/^\d+$/.test(key)),
      fc.jsonValue(),
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 400 }),
      fc.string().map((text) => `${text} (simulated)`),
      fc.constant('x'.repeat(389)),
      fc.constant('x'.repeat(400)),
    );
    fc.assert(
      fc.property(texts, rest, (summary, fields) => {
        const text = JSON.stringify({ ...head, summary, ...fields });
        // A summary too long for the mark that ends with it already would lose it: nothing writes such.
        fc.pre(!(summary.length > 388 && summary.endsWith(' (simulated)')));
        expect(unmark(mark(text))).toBe(text);
        expect(JSON.parse(mark(text))).toMatchObject({ simulated: true });
        expect((JSON.parse(mark(text)) as typeof head).summary.length).toBeLessThanOrEqual(Math.max(400, summary.length));
      }),
    );
  });
});

it('marks what is published and the will, and unmarks what arrives', async () => {
  const wire: { will?: string | undefined; published: string[]; handlers?: LinkHandlers } = { published: [] };
  const inner: Transport = {
    description: 'a wire',
    connect: (options, handlers) => {
      Object.assign(wire, { will: options.will?.payload, handlers });
      return Promise.resolve({
        publish: (_topic, payload) => Promise.resolve(void wire.published.push(payload.toString())),
        subscribe: () => Promise.resolve(),
        unsubscribe: () => Promise.resolve(),
        close: () => Promise.resolve(),
      });
    },
  };
  const heard: Incoming[] = [];
  const options: LinkOptions = { clientId: 'c', clean: true, keepaliveS: 30, connectTimeoutMs: 1_000, will: { topic: 't', payload: JSON.stringify(head) } };
  const link = await markedTransport(inner).connect(options, { onMessage: (message) => heard.push(message), onClose: () => undefined });
  await link.publish('t', JSON.stringify(head), { retain: true });
  // One key too many, and Home Assistant drops the device.
  await link.publish('homeassistant/device/homelab_node_vps/config', '{"device":{}}', { retain: true });
  expect(wire.published.pop()).toBe('{"device":{}}');
  const said = wire.published[0]!;
  expect(JSON.parse(said)).toEqual({ ...head, summary: 'vps is online (simulated)', simulated: true });
  expect(wire.will).toBe(said);
  wire.handlers!.onMessage({ topic: 't', payload: Buffer.from(said), retained: true });
  expect(heard.map(({ payload }) => payload.toString())).toEqual([JSON.stringify(head)]);
});
