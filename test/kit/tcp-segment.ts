/**
 * TCP in IPv4 packets: reading what tells connections apart, and writing a segment that ends one. RFC 791, 9293, 5961.
 * Anything that is no whole first fragment of TCP over IPv4 is null: it has no connection.
 */

export interface TcpSegment {
  /** `198.51.100.1:1883` */
  readonly source: string;
  readonly destination: string;
  readonly sequence: number;
  /** null: the segment acknowledges nothing (the first of a connection, some resets). */
  readonly acknowledgement: number | null;
  readonly isSyn: boolean;
  readonly isReset: boolean;
  /** Sequence numbers it takes: its data, and one each for SYN and FIN. */
  readonly length: number;
}

const protocolTcp = 6;
const flag = { fin: 0x01, syn: 0x02, reset: 0x04, acknowledgement: 0x10 } as const;
const headerBytes = { ip: 20, tcp: 20 } as const;

export function parseTcp(packet: Buffer): TcpSegment | null {
  if (packet.length < headerBytes.ip || packet.readUInt8(0) >> 4 !== 4 || packet.readUInt8(9) !== protocolTcp) return null;
  const isLaterFragment = (packet.readUInt16BE(6) & 0x1fff) !== 0;
  const tcpAt = (packet.readUInt8(0) & 0x0f) * 4;
  if (isLaterFragment || packet.length < tcpAt + headerBytes.tcp) return null;
  const flags = packet.readUInt8(tcpAt + 13);
  const dataAt = tcpAt + (packet.readUInt8(tcpAt + 12) >> 4) * 4;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const address = (at: number): string => packet.subarray(at, at + 4).join('.');
  return {
    source: `${address(12)}:${packet.readUInt16BE(tcpAt)}`,
    destination: `${address(16)}:${packet.readUInt16BE(tcpAt + 2)}`,
    sequence: packet.readUInt32BE(tcpAt + 4),
    acknowledgement: has(flag.acknowledgement) ? packet.readUInt32BE(tcpAt + 8) : null,
    isSyn: has(flag.syn),
    isReset: has(flag.reset),
    length: packet.readUInt16BE(2) - dataAt + Number(has(flag.syn)) + Number(has(flag.fin)),
  };
}

/** The same for both directions. */
export const connectionOf = ({ source, destination }: TcpSegment): string => [source, destination].sort().join(' ');

/**
 * The reset that the sender of this segment takes for true, as if the other end had answered (RFC 9293, 3.10.7.1: the number it
 * expects next is the one it acknowledged; with nothing acknowledged, the reset acknowledges the segment itself).
 */
export function resetFor(segment: TcpSegment): Buffer {
  const packet = Buffer.alloc(headerBytes.ip + headerBytes.tcp);
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt8(64, 8);
  packet.writeUInt8(protocolTcp, 9);
  const tcp = packet.subarray(headerBytes.ip);
  for (const [at, address] of [segment.destination, segment.source].entries()) {
    const [host = '', port = ''] = address.split(':');
    packet.set(host.split('.').map(Number), 12 + 4 * at);
    tcp.writeUInt16BE(Number(port), 2 * at);
  }
  tcp.writeUInt8((headerBytes.tcp / 4) << 4, 12);
  if (segment.acknowledgement === null) {
    tcp.writeUInt32BE((segment.sequence + segment.length) >>> 0, 8);
    tcp.writeUInt8(flag.reset | flag.acknowledgement, 13);
  } else {
    tcp.writeUInt32BE(segment.acknowledgement, 4);
    tcp.writeUInt8(flag.reset, 13);
  }
  packet.writeUInt16BE(checksum(packet.subarray(0, headerBytes.ip)), 10);
  const pseudoHeader = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, protocolTcp, 0, headerBytes.tcp])]);
  tcp.writeUInt16BE(checksum(Buffer.concat([pseudoHeader, tcp])), 16);
  return packet;
}

/** RFC 1071; 0 over a header that already holds its checksum. The length is even in all that we write. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
