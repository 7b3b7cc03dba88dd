/**
 * The process of a link: reads and writes the two TUN devices whose descriptors it inherited, `TUN_DESCRIPTORS`, the site's
 * first, and obeys the process that started it (net-link.ts). The seed comes in `LINK_SEED`, the profile as the first order.
 */
import { read, writeSync } from 'node:fs';
import { linkProfiles } from './link-shape.ts';
import type { LinkOrder } from './net-link.ts';
import { type End, ends, Relay } from './net-relay.ts';
import { Random } from './random.ts';

/** More than the MTU of a TUN device, 1,500. */
const packetBytesMax = 2_048;

const descriptors = (process.env['TUN_DESCRIPTORS'] ?? '').trim().split(' ').map(Number);
const descriptorOf = (end: End): number => descriptors[ends.indexOf(end)] ?? -1;

const relay = new Relay(linkProfiles.wire, new Random(Number(process.env['LINK_SEED'])), {
  now: () => performance.now(),
  wakeAfter: (ms, wake) => {
    setTimeout(wake, ms);
  },
  letOut: (end, packet) => {
    try {
      writeSync(descriptorOf(end), packet);
    } catch {
      // EIO: the interface is down. What cannot arrive is lost.
    }
  },
});

function pump(end: End): void {
  // A new one each time: the packet is kept until it is let out.
  const buffer = Buffer.allocUnsafe(packetBytesMax);
  read(descriptorOf(end), buffer, 0, packetBytesMax, null, (error, bytes) => {
    // Only when the device itself is gone, and then so is the link.
    if (error !== null) throw error;
    relay.takeIn(end, buffer.subarray(0, bytes));
    pump(end);
  });
}
for (const end of ends) pump(end);

function obey(order: LinkOrder): void {
  switch (order.what) {
    case 'profile':
      relay.setProfile(order.profile);
      break;
    case 'cut':
      relay.cut(order.kind);
      break;
    case 'half-open':
      relay.halfOpen(order.deafEnd);
      break;
    case 'restore':
      relay.restore();
      break;
  }
}

process.on('message', (order: LinkOrder) => {
  obey(order);
  process.send?.({ done: order.id });
});
process.once('disconnect', () => {
  // Not exit(): that would wait for the two reads.
  process.kill(process.pid, 'SIGKILL');
});
process.send?.({ done: 0 });
