/** What twenty open pages cost the server, beside a bare server of server-sent events that sends the same bytes. */
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { waitFor } from '../../test/kit/wait.ts';
import { processorSeconds, type Started } from '../processes.ts';
import type { Session } from '../session.ts';
import type { PageSite } from './site.ts';

/** From the issue. */
export const streamsCount = 20;
/** More than what is gathered for (100 ms): each update goes out by itself. */
const betweenMs = 150;
/** Loopback takes no time; a loaded machine gets 20 s. */
const arrivalDeadlineMs = 20_000;

/** One page's stream, as bytes. */
interface Reader {
  readonly response: IncomingMessage;
  text: string;
}

const opened = (url: string): Promise<Reader> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, headers: { accept: 'text/event-stream' } }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`${url} answers ${response.statusCode}`));
        return;
      }
      const reader: Reader = { response, text: '' };
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        reader.text += part;
      });
      response.on('error', () => undefined);
      resolve(reader);
    }).on('error', reject);
  });

export async function openStreams(session: Session, url: string): Promise<readonly Reader[]> {
  const readers = await Promise.all(Array.from({ length: streamsCount }, () => opened(url)));
  session.defer(() => {
    for (const { response } of readers) response.destroy();
  });
  await waitFor('the streams to begin', () => readers.every(({ text }) => text !== ''));
  return readers;
}

/** Changes that are in it. */
const changesIn = (text: string): readonly string[] => text.split('\n\n').filter((block) => block.startsWith('event: change\n'));

export interface Round {
  /** Milliseconds of processor time for each update. */
  readonly ms: number;
  /** What one page got, update by update. */
  readonly frames: readonly string[];
}

const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, betweenMs));

/** `updates` of them, numbered from `from`. */
export async function ownRound(
  site: PageSite,
  readers: readonly Reader[],
  { from, updates }: { readonly from: number; readonly updates: number },
): Promise<Round> {
  await site.refresh();
  await pause();
  await pause();
  for (const reader of readers) reader.text = '';
  const before = processorSeconds(site.server);
  for (let done = 1; done <= updates; done += 1) {
    await site.flip(from + done - 1);
    // On a loaded machine two would else go out as one.
    await waitFor(`update ${done} at all streams`, () => readers.every(({ text }) => changesIn(text).length >= done), { deadlineMs: arrivalDeadlineMs });
    await pause();
  }
  const ms = ((processorSeconds(site.server) - before) * 1000) / updates;
  return { ms, frames: changesIn(readers[0]?.text ?? '').map((frame) => `${frame}\n\n`) };
}

/** The same bytes at the same pace. */
export async function echoRound(
  echo: Started,
  url: string,
  { readers, frames }: { readonly readers: readonly Reader[]; readonly frames: readonly string[] },
): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  for (const reader of readers) reader.text = '';
  const before = processorSeconds(echo);
  for (const frame of frames) {
    await posted(url, agent, frame);
    await pause();
  }
  await waitFor('all of it at all streams', () => readers.every(({ text }) => changesIn(text).length >= frames.length), { deadlineMs: arrivalDeadlineMs });
  const ms = ((processorSeconds(echo) - before) * 1000) / frames.length;
  agent.destroy();
  return ms;
}

const posted = (url: string, agent: Agent, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent }, (response) => {
      response.resume();
      response.on('end', resolve);
    })
      .on('error', reject)
      .end(body);
  });
