/** TCP segments read from packets, and the reset that answers one. */
import { describe, expect, it } from 'vitest';
import { checksum, connectionOf, parseTcp, resetFor } from './tcp-segment.ts';

/** 198.51.100.2:40000 → 198.51.100.1:1883, ten bytes of data behind twelve bytes of options. Checksums are not looked at. */
function packetOf({ flags, sequence = 1_000, acknowledgement = 0, data = 10 }: { flags: number; sequence?: number; acknowledgement?: number; data?: number }) {
  const packet = Buffer.alloc(20 + 32 + data);
  packet.set([0x45, 0, 0, packet.length, 0, 0, 0x40, 0, 64, 6, 0, 0, 198, 51, 100, 2, 198, 51, 100, 1]);
  packet.writeUInt16BE(40_000, 20);
  packet.writeUInt16BE(1_883, 22);
  packet.writeUInt32BE(sequence, 24);
  packet.writeUInt32BE(acknowledgement, 28);
  packet.set([0x80, flags], 32);
  return packet;
}

const flags = { syn: 0x02, data: 0x18, finAcknowledgement: 0x11 };

describe('a TCP segment', () => {
  it('is read from its packet, with the sequence numbers it takes', () => {
    expect(parseTcp(packetOf({ flags: flags.data, acknowledgement: 77 }))).toEqual({
      source: '198.51.100.2:40000',
      destination: '198.51.100.1:1883',
      sequence: 1_000,
      acknowledgement: 77,
      isSyn: false,
      isReset: false,
      length: 10,
    });
    expect(parseTcp(packetOf({ flags: flags.finAcknowledgement, data: 0 }))?.length).toBe(1);
    expect(parseTcp(packetOf({ flags: flags.syn, data: 0 }))).toMatchObject({ isSyn: true, acknowledgement: null, length: 1 });
  });

  it('is not read from other packets: UDP, IPv6, later fragments, a stump', () => {
    const udp = packetOf({ flags: flags.data });
    udp.writeUInt8(17, 9);
    const fragment = packetOf({ flags: flags.data });
    fragment.writeUInt16BE(185, 6);
    for (const packet of [udp, fragment, Buffer.alloc(40, 0x60), packetOf({ flags: flags.data }).subarray(0, 30), Buffer.alloc(0)])
      expect(parseTcp(packet)).toBeNull();
  });

  it('belongs to the same connection as its answer', () => {
    const segment = parseTcp(packetOf({ flags: flags.data, acknowledgement: 77 }));
    const answer = parseTcp(resetFor(segment!));
    expect(connectionOf(answer!)).toBe(connectionOf(segment!));
  });

  it('is answered by a reset with the number its sender expects, and right checksums', () => {
    const reset = resetFor(parseTcp(packetOf({ flags: flags.data, acknowledgement: 0xfffffff0 }))!);
    expect(parseTcp(reset)).toMatchObject({ source: '198.51.100.1:1883', destination: '198.51.100.2:40000', sequence: 0xfffffff0, isReset: true });
    expect(checksum(reset.subarray(0, 20))).toBe(0);
    expect(checksum(Buffer.concat([reset.subarray(12, 20), Buffer.from([0, 6, 0, 20]), reset.subarray(20)]))).toBe(0);
  });

  it('that acknowledges nothing is answered by a reset that acknowledges it', () => {
    const reset = parseTcp(resetFor(parseTcp(packetOf({ flags: flags.syn, sequence: 0xffffffff, data: 0 }))!));
    expect(reset).toMatchObject({ acknowledgement: 0, sequence: 0, isReset: true });
  });
});
