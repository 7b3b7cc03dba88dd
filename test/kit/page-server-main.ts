/** The page on a made-up homelab, to look at by hand: `npx tsx test/kit/page-server-main.ts [port] [well|cut|many]`. It goes on until Ctrl-C. */

import { pageEvents } from './page-events.ts';
import { PageServer } from './page-server.ts';
import { pageWorld } from './page-world.ts';

const [, , port = '18181', scene = ''] = process.argv;
const nowMs = Date.now();
const tree = pageWorld({ nowMs, isWell: scene === 'well', linkDownMinutes: scene === 'cut' ? 37 : 0, extraServices: scene === 'many' ? 500 : 0 });
const server = await PageServer.open({ tree, events: pageEvents(nowMs), port: Number(port) });
/** As a node does: what nobody says again becomes old. */
const heartbeatMs = 20_000;
setInterval(() => {
  server.set(Object.fromEntries(pageWorld({ nowMs: Date.now(), isWell: scene === 'well', linkDownMinutes: scene === 'cut' ? 37 : 0 })));
}, heartbeatMs);
process.stdout.write(`${server.url}\n`);
