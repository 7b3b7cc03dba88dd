/** Server-sent events as they come over the wire, for tests: EventSource without its reconnecting. */
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import { waitFor } from './wait.ts';

export interface ServerMessage {
  readonly name: string;
  readonly id: string | null;
  readonly data: unknown;
}

export interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly messages: readonly ServerMessage[];
  /** All of it, comments too. */
  readonly text: string;
  /** The first that fits, also among those that have come. */
  until(fits: (message: ServerMessage) => boolean): Promise<ServerMessage>;
  readonly ended: Promise<void>;
  close(): void;
}

/** Rejects when the answer is no stream. `connection`: how else to connect than the address says. */
export function listen(url: URL, headers: Readonly<Record<string, string>> = {}, connection: RequestOptions = {}): Promise<Heard> {
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const ask = request(url, { agent: false, ...connection, headers: { host: url.host, accept: 'text/event-stream', ...headers } }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${url.pathname}: ${response.statusCode}`));
        response.resume();
        return;
      }
      const messages: ServerMessage[] = [];
      let text = '';
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        rest += chunk;
        const blocks = rest.split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const message = parsed(block);
          if (message !== null) messages.push(message);
        }
      });
      const ended = new Promise<void>((end) => {
        response.on('close', end);
        response.on('error', () => end());
      });
      resolve({
        headers: response.headers,
        messages,
        get text() {
          return text;
        },
        until: (fits) => waitFor('a message of the stream', () => messages.find(fits), { state: () => messages.slice(-3) }),
        ended,
        close: () => response.destroy(),
      });
    });
    ask.on('error', reject);
    ask.end();
  });
}

function parsed(block: string): ServerMessage | null {
  const fields = new Map(block.split('\n').map((line) => [line.slice(0, Math.max(0, line.indexOf(':'))), line.slice(line.indexOf(':') + 1).trimStart()]));
  const data = fields.get('data');
  return data === undefined ? null : { name: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data: JSON.parse(data) };
}
