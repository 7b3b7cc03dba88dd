/**
 * What sending to open pages costs by itself: `page-echo.mjs <port>` is a bare server of server-sent events. Whatever is posted to it is
 * written to everybody who has asked for its stream, as it came. Says `ready`; ends at SIGTERM.
 */
import { createServer, type ServerResponse } from 'node:http';

const streams = new Set<ServerResponse>();

createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': here\n\n');
    streams.add(response);
    response.on('close', () => streams.delete(response));
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const all = Buffer.concat(parts);
    for (const stream of streams) stream.write(all);
    response.writeHead(204).end();
  });
}).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
