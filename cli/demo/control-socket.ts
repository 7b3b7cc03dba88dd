/**
 * How `homelab demo` reaches the running demo: a unix socket in its data directory that only its owner may use; one line of JSON
 * in, one line of JSON out. Remembers nothing; a socket file that a killed demo left is taken over (the lock file says whose it is).
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { systemClock, withDeadline } from '../../bus/clock.ts';
import { UnavailableError } from '../session.ts';
import { UsageError } from '../settings.ts';
import { DeedAnswer, DeedRequest } from './deeds.ts';

/** A deed with two names of 128 characters is below 1 kB. */
const requestCharsMax = 4_096;
/** Stopping the actors of a node that lost its power takes up to 8 s. */
const answerWithinMs = 15_000;
/** sun_path of unix(7) has 108 bytes, one of them for the end; 104 on other systems. */
const pathBytesMax = 103;

const socketPath = (dataRoot: string): string => join(dataRoot, 'control.sock');

/** Listens until the returned function is called. Deeds are done one after the other. */
export async function listenForDeeds(dataRoot: string, perform: (request: DeedRequest) => Promise<DeedAnswer>): Promise<() => void> {
  const path = socketPath(dataRoot);
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new UsageError(`the path of the demo's socket is too long for a socket (${path}, at most ${pathBytesMax} bytes): set HOMELAB_ROOT to a shorter one`);
  }
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (request: DeedRequest): Promise<DeedAnswer> => {
    const answer = last.then(() => perform(request));
    last = answer.catch(() => undefined);
    return answer;
  };
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    serve(socket, inTurn);
  });
  listenForOwner(server, path);
  await once(server, 'listening');
  return () => {
    server.close();
    rmSync(path, { force: true });
  };
}

/** The file is made inside `listen`, before it returns: with this umask nobody else can connect at any moment, as after a later chmod. */
function listenForOwner(server: Server, path: string): void {
  const usual = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(usual);
  }
}

function serve(socket: Socket, perform: (request: DeedRequest) => Promise<DeedAnswer>): void {
  let text = '';
  let isAnswered = false;
  const reply = (answer: DeedAnswer): void => {
    isAnswered = true;
    socket.end(`${JSON.stringify(answer)}\n`);
  };
  const refuse = (summary: string): void => {
    reply({ ok: false, code: 'failed', simulated: true, summary });
  };
  socket.on('error', () => undefined); // who asked went away
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    if (isAnswered) return;
    text += chunk;
    const end = text.indexOf('\n');
    if (end === -1) {
      if (text.length > requestCharsMax) refuse(`a line of more than ${requestCharsMax} characters`);
      return;
    }
    isAnswered = true;
    const request = parse(text.slice(0, end));
    if (request === null) refuse('expected one line of JSON: {"do": …, "node": …, "service": …}');
    else perform(request).then(reply, (error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
  });
}

function parse(line: string): DeedRequest | null {
  try {
    return DeedRequest.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Asks the demo of this data directory. Throws an UnavailableError when none runs. */
export async function askDemo(dataRoot: string, request: DeedRequest): Promise<DeedAnswer> {
  const socket = connect(socketPath(dataRoot));
  let text = '';
  const answered = (async () => {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const chunk of socket) text += String(chunk);
    return DeedAnswer.parse(JSON.parse(text));
  })();
  try {
    return await withDeadline(systemClock, answerWithinMs, 'the demo', answered);
  } catch (error) {
    const isAbsent = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    const why = isAbsent ? 'no demo runs' : `the demo does not answer (${error instanceof Error ? error.message : String(error)})`;
    throw new UnavailableError(`${why} on the data directory ${dataRoot}. Start one with "homelab up --demo".`);
  } finally {
    socket.destroy();
  }
}
