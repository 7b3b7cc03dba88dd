/** Calls to the engine on behalf of the executor: their trouble is a ControlError. Remembers nothing, repeats nothing. */
import type Docker from 'dockerode';
import { ControlError } from '../../actors/executor/ports.ts';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { type CallOptions, type Engine, isHttpStatus, understood } from './engine.ts';
import { containerFacts } from './facts.ts';

/** One call, its trouble in the words of the port. */
export const ask = <T>(engine: Engine, what: string, run: (docker: Docker, abortSignal: AbortSignal) => Promise<T>, options: CallOptions = {}): Promise<T> =>
  engine.call(what, run, options).catch(rethrow);

export function rethrow(error: unknown): never {
  throw controlError(error);
}

export function controlError(error: unknown): unknown {
  if (isHttpStatus(error, 404)) return new ControlError('container_missing', (error as Error).message, { cause: error });
  if (!(error instanceof EngineTroubleError)) return error;
  const { code, detail, retryable } = error.trouble;
  return new ControlError(code, detail, { cause: error, retryable });
}

export const inspect = (engine: Engine, id: string): Promise<Docker.ContainerInspectInfo> =>
  ask(engine, `inspect of ${short(id)}`, async (docker, abortSignal) => {
    const answer = await docker.getContainer(id).inspect({ abortSignal });
    understood(`inspect of ${short(id)}`, () => containerFacts(answer));
    return answer;
  });

export const short = (id: string): string => id.slice(0, 12);
