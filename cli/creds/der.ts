/** As much of ASN.1 in DER as a certificate needs (X.690; tags of its table 1). Writes only. Pure. */

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** `tag` and length before the content. */
export function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

export const sequence = (...contents: readonly Buffer[]): Buffer => tlv(tags.sequence, ...contents);
export const set = (...contents: readonly Buffer[]): Buffer => tlv(tags.set, ...contents);
export const octets = (content: Buffer): Buffer => tlv(tags.octets, content);
export const utf8 = (text: string): Buffer => tlv(tags.utf8, Buffer.from(text));
export const yes = tlv(tags.boolean, Buffer.from([0xff]));
export const bits = (content: Buffer, unused = 0): Buffer => tlv(tags.bits, Buffer.from([unused]), content);
/** `[number]`, with other values inside it, or with bare content. */
export const tagged = (number: number, content: Buffer): Buffer => tlv(0xa0 | number, content);
export const taggedBare = (number: number, content: Buffer): Buffer => tlv(0x80 | number, content);

/** Not negative, big end first. */
export function integer(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const short = bytes.subarray(from);
  return tlv(tags.integer, ((short[0] ?? 0) & 0x80) === 0 ? short : Buffer.concat([Buffer.from([0]), short]));
}

/** `1.2.840.10045.4.3.2` */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = rest.flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return tlv(tags.oid, Buffer.from([first * 40 + second, ...bytes]));
}

/** Two digits of the year until 2049, four after it (RFC 5280, 4.1.2.5). */
export function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050 ? tlv(tags.utcTime, Buffer.from(digits.slice(2))) : tlv(tags.generalizedTime, Buffer.from(digits));
}
