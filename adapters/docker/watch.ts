/**
 * Looking at the engine: implements the engine's half of NodeAgentPorts.
 *
 * Reads: containers, events and images of the engine. Writes and remembers nothing. Fails with EngineTroubleError.
 */
import type { Readable } from 'node:stream';
import type { ContainerInfo } from 'dockerode';
import type { ContainerFacts, EngineHint, EngineTrouble, NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { type Engine, EngineRefusedError, isHttpStatus, listRows, troubleOf, understood } from './engine.ts';
import { engineSeconds, eventFilters, hintOf, LineSplitter } from './events.ts';
import { containerFacts, rowFacts } from './facts.ts';

/** An inspect takes 0.4 ms of the engine; more at once gain nothing and crowd out others on a small machine. */
const inspectsAtOnce = 8;
/** Adding up images walks the engine's disk; seconds on a small machine with many images. */
const imagesDeadlineMs = 30_000;

export function createDockerWatch(engine: Engine): Omit<NodeAgentPorts, 'readMetrics'> {
  return {
    listContainers: () => listContainers(engine),
    inspectContainer: (id) => inspectContainer(engine, id),
    watchEngine: (handlers) => watchEngine(engine, handlers),
    history: (id, sinceMs) => history(engine, id, sinceMs),
    pingEngine: async () => {
      await engine.call('ping', (docker, abortSignal) => (docker.ping as Ping).call(docker, { abortSignal }));
    },
    reclaimableBytes: async () => {
      const images = await engine.call(
        'list of dangling images',
        (docker, abortSignal) => docker.listImages({ filters: { dangling: ['true'] }, abortSignal }),
        {
          deadlineMs: imagesDeadlineMs,
        },
      );
      return understood('list of dangling images', () => images.reduce((sum, image) => sum + image.Size, 0));
    },
  };
}

/** dockerode takes options here, which its types do not know. */
type Ping = (options: { readonly abortSignal: AbortSignal }) => Promise<unknown>;

async function inspectContainer(engine: Engine, id: string): Promise<ContainerFacts | null> {
  const what = `inspect of ${id.slice(0, 12)}`;
  try {
    const answer = await engine.call(what, (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }));
    return understood(what, () => containerFacts(answer));
  } catch (error) {
    if (isHttpStatus(error, 404)) return null;
    throw error;
  }
}

async function listContainers(engine: Engine): Promise<readonly ContainerFacts[]> {
  const rows = await listRows(engine);
  const found: (ContainerFacts | null)[] = rows.map(() => null);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < rows.length && !failed) {
      const index = next++;
      try {
        found[index] = await inspectRow(engine, rows[index] as ContainerInfo);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: inspectsAtOnce }, worker));
  return found.filter((facts) => facts !== null);
}

/** One container that the engine cannot inspect (a half-removed one answers 500 for ever) must not hide the others. */
async function inspectRow(engine: Engine, row: ContainerInfo): Promise<ContainerFacts | null> {
  try {
    return await inspectContainer(engine, row.Id);
  } catch (error) {
    if (error instanceof EngineRefusedError) return rowFacts(row);
    throw error;
  }
}

interface WatchHandlers {
  onOpen(): void;
  onHint(hint: EngineHint): void;
  onClosed(trouble: EngineTrouble): void;
}

function watchEngine(engine: Engine, handlers: WatchHandlers): () => void {
  const what = 'event stream';
  let over = false;
  let stream: Readable | null = null;
  // The stream says its end in up to three ways (aborted, error, close; end only from proxies): the first one counts.
  const close = (error: unknown): void => {
    if (over) return;
    over = true;
    stream?.destroy();
    handlers.onClosed(troubleOf(what, engine.where, error).trouble);
  };
  const read = (opened: Readable): void => {
    stream = opened;
    const splitter = new LineSplitter();
    opened.setEncoding('utf8');
    opened.on('data', (chunk: string) => {
      if (over) return;
      let lines: readonly string[] = [];
      try {
        lines = splitter.push(chunk);
      } catch (error) {
        close(error);
      }
      for (const line of lines) {
        const hint = hintOf(line);
        // A handler may stop the watch.
        if (hint !== null && !over) handlers.onHint(hint);
      }
    });
    opened.on('error', close);
    for (const ending of ['end', 'close', 'aborted']) opened.on(ending, () => close(new Error('the engine ended it')));
    handlers.onOpen();
  };
  engine
    .open(what, (docker, abortSignal) => docker.getEvents({ filters: eventFilters, abortSignal }))
    .then((opened) => {
      if (!over) read(opened);
      else opened.once('error', () => undefined).destroy();
    }, close);
  return () => {
    over = true;
    stream?.destroy();
  };
}

/** `until` makes the answer end. One millisecond ahead: the newest event may be of this one. */
async function history(engine: Engine, id: string, sinceMs: number): Promise<readonly EngineHint[]> {
  // The engine refuses a range that ends before it begins, and nothing has happened in the future.
  if (sinceMs > engine.clock.now()) return [];
  return engine.call(`history of ${id.slice(0, 12)}`, async (docker, abortSignal) => {
    const filters = { ...eventFilters, container: [id] };
    const until = engineSeconds(engine.clock.now() + 1);
    // Its types know only whole seconds.
    const range = { since: engineSeconds(sinceMs), until } as unknown as { since: number; until: number };
    const stream = (await docker.getEvents({ filters, ...range, abortSignal })) as Readable;
    stream.setEncoding('utf8');
    const splitter = new LineSplitter();
    const hints: EngineHint[] = [];
    for await (const chunk of stream)
      hints.push(
        ...splitter
          .push(chunk as string)
          .map(hintOf)
          .filter((hint) => hint !== null),
      );
    return hints;
  });
}
