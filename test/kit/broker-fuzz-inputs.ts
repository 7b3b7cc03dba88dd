/**
 * What a broken or hostile client might send: the same inputs for the same seed, as bytes.
 *
 * A visit is one connection: usually a valid CONNECT, then a few inputs. An input is one packet, or what should have been one.
 */

/** mulberry32: 32 bits of state, good enough to mix bytes, and the same on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Visit {
  /** Inputs among the chunks; a valid CONNECT is none. */
  readonly inputs: number;
  readonly chunks: readonly Buffer[];
}

type Random = () => number;
const below = (random: Random, end: number): number => Math.floor(random() * end);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;
const bytes = (random: Random, count: number): Buffer => Buffer.from(Array.from({ length: count }, () => below(random, 256)));

const uint16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
const text = (value: Buffer | string): Buffer => {
  const encoded = Buffer.from(value);
  return Buffer.concat([uint16(encoded.length), encoded]);
};

/** Length as MQTT writes it (2.2.3). */
export function packet(first: number, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const length: number[] = [];
  let rest = content.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), content]);
}

export const connectPacket = (clientId: string, flags = 2, rest: readonly Buffer[] = []): Buffer =>
  packet(0x10, text('MQTT'), Buffer.from([4, flags, 0, 0]), text(clientId), ...rest);

export const publishPacket = (topic: Buffer | string, payload: Buffer | string, flags = 0, id = 0): Buffer =>
  packet(0x30 | flags, text(topic), flags & 6 ? uint16(id) : Buffer.alloc(0), Buffer.from(payload));

export const subscribePacket = (filters: readonly (readonly [Buffer | string, number])[], id = 1): Buffer =>
  packet(0x82, uint16(id), ...filters.flatMap(([filter, qos]) => [text(filter), Buffer.from([qos])]));

/** Names meant to hurt: prototypes, NUL, ill-formed UTF-8 (overlong, surrogate, cut off), depth, emptiness, length. */
const fixedNames: readonly Buffer[] = [
  ...[
    '__proto__',
    'constructor',
    'a/__proto__/b',
    'hasOwnProperty',
    'toString',
    '/',
    '//',
    '///a',
    'a//b',
    '',
    ' ',
    '.',
    '..',
    '+',
    '#',
    'a/#/b',
    'a+/b',
    'a#',
  ],
  ...['$SYS/broker/uptime', '$SYS/#', '$share/g/t', '$', '$dollar/x', 'a/\0/b', '\0', '\u{1f4a9}/x', '\ufffd', '\ufeffa', 'a\nb', '%00', '../../etc/passwd'],
  ...['x/'.repeat(31), 'x/'.repeat(32), 'x/'.repeat(99), 'x/'.repeat(100), 'x/'.repeat(199), '/'.repeat(200), '+/'.repeat(40), `${'+/'.repeat(20)}#`],
].map((name) => Buffer.from(name));
const brokenNames: readonly Buffer[] = [
  [0xff, 0xfe],
  [0x61, 0xc0, 0x80],
  [0x61, 0xed, 0xa0, 0x80],
  [0xe2, 0x82],
  [0xf5, 0x80, 0x80, 0x80],
].map((name) => Buffer.from(name));

function name(random: Random): Buffer {
  const dice = random();
  if (dice < 0.8) return Buffer.from(`t/${below(random, 20)}/${below(random, 2_000)}`);
  if (dice < 0.96) return pick(random, fixedNames);
  if (dice < 0.975) return pick(random, brokenNames);
  if (dice < 0.98) return Buffer.alloc(65_535, pick(random, ['a', '/', 'é']));
  return bytes(random, 1 + below(random, 30));
}

const payload = (random: Random): Buffer => (random() < 0.02 ? Buffer.alloc(20_000, 'x') : bytes(random, below(random, 40)));

function publish(random: Random): Buffer {
  const qos = pick(random, [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, random() < 0.1 ? 3 : 1]);
  return publishPacket(name(random), payload(random), (qos << 1) | (random() < 0.4 ? 1 : 0) | (random() < 0.1 ? 8 : 0), below(random, 100));
}

const subscribe = (random: Random): Buffer =>
  subscribePacket(
    Array.from({ length: random() < 0.02 ? 300 : below(random, 4) }, () => [name(random), random() < 0.98 ? below(random, 3) : below(random, 256)] as const),
    below(random, 50),
  );

function connect(random: Random): Buffer {
  const hasWill = random() < 0.5;
  const id = random() < 0.5 ? `c${below(random, 3_000)}` : name(random).toString('latin1');
  const version = pick(random, [3, 4, 4, 4, 4, 5, 6, 132, below(random, 256)]);
  const flags = (random() < 0.5 ? 2 : 0) | (hasWill ? 4 | (below(random, 3) << 3) | (random() < 0.5 ? 32 : 0) : 0) | (random() < 0.05 ? below(random, 256) : 0);
  const will = hasWill ? [text(name(random)), text(payload(random))] : [];
  return packet(0x10, text(random() < 0.9 ? 'MQTT' : name(random)), Buffer.from([version, flags, 0, below(random, 3)]), text(id), ...will);
}

/** A header that announces more than comes: up to 256 MB. */
const oversized = (random: Random): Buffer => Buffer.from([pick(random, [0x10, 0x30, 0x32, 0x82]), 0xff, 0xff, pick(random, [0x7f, 0xff]), 0x7f, 0, 1, 0x61]);

function mutated(random: Random): Buffer {
  const valid = Buffer.from(pick(random, [publish, subscribe, connect])(random));
  for (let times = 1 + below(random, 3); times > 0; times -= 1) valid[below(random, Math.min(valid.length, 40))] = below(random, 256);
  return valid;
}

function half(random: Random): Buffer {
  const whole = pick(random, [publish, subscribe, connect])(random);
  return whole.subarray(0, below(random, whole.length));
}

const acknowledgement = (random: Random): Buffer =>
  packet(
    pick(random, [0x40, 0x40, 0x50, 0x50, 0x62, 0x62, 0x70, 0x70, random() < 0.1 ? 0x90 : 0x40]),
    random() < 0.95 ? uint16(1 + below(random, 65_535)) : bytes(random, below(random, 5)),
  );

const odd = (random: Random): Buffer =>
  pick(random, [
    packet(0xc0),
    packet(0xc0, bytes(random, 3)),
    packet(0xe0),
    packet(0xf0),
    packet(0x00),
    packet(0x20, Buffer.from([0, 0])),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]),
    packet(0xa2, uint16(below(random, 5)), text(name(random))),
    packet(0xa2),
    packet(0x82, uint16(1)),
  ]);

const kinds: readonly (readonly [weight: number, make: (random: Random) => Buffer])[] = [
  [60, publish],
  [18, subscribe],
  [10, acknowledgement],
  [3, mutated],
  [2, half],
  [2, odd],
  [2, (random) => bytes(random, 1 + below(random, 60))],
  [1, oversized],
  [1, connect],
];
const kindsTotal = kinds.reduce((sum, [weight]) => sum + weight, 0);

function input(random: Random): Buffer {
  let at = random() * kindsTotal;
  for (const [weight, make] of kinds) {
    at -= weight;
    if (at < 0) return make(random);
  }
  return publish(random);
}

/** Visits until they hold at least `inputs` inputs. */
export function* visits(seed: number, inputs: number): Generator<Visit> {
  const random = randomFrom(seed);
  let made = 0;
  while (made < inputs) {
    const count = 1 + below(random, 12);
    const sent = Array.from({ length: count }, () => input(random));
    const dice = random();
    // Most must get past the CONNECT, or nothing behind it would be reached.
    if (dice < 0.75) sent.unshift(connectPacket(`v${below(random, 2_000)}`, random() < 0.7 ? 2 : 0));
    else if (dice < 0.85) sent.unshift(connect(random));
    made += count;
    const all = Buffer.concat(sent);
    const cut = below(random, all.length + 1);
    yield { inputs: count, chunks: random() < 0.2 ? [all.subarray(0, cut), all.subarray(cut)] : [all] };
  }
}
