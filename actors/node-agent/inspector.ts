/**
 * Asks the engine about single containers: at most one inspect in flight for each, and one more after it when something
 * happened meanwhile, however many hints came. A container that cannot be inspected is said so; that ends nothing.
 */

import type { EngineRequest, Fact } from './memory.ts';
import { type EngineTrouble, EngineTroubleError, type NodeAgentPorts } from './ports.ts';

export type InspectorSays = Extract<Fact, { readonly type: 'inspected' | 'inspect_failed' | 'recalled' }>;

/** What went wrong, as a value; an unexpected error is `refused`, with its own words. */
export const troubleOf = (error: unknown): EngineTrouble =>
  error instanceof EngineTroubleError ? error.trouble : { code: 'refused', retryable: true, detail: error instanceof Error ? error.message : String(error) };

export class Inspector {
  private readonly ports: Pick<NodeAgentPorts, 'inspectContainer' | 'history'>;
  private readonly say: (answer: InspectorSays) => void;
  private readonly now: () => number;
  /** Being inspected; true: again afterwards. */
  private readonly inFlight = new Map<string, boolean>();

  constructor(options: {
    readonly ports: Pick<NodeAgentPorts, 'inspectContainer' | 'history'>;
    readonly now: () => number;
    readonly say: (answer: InspectorSays) => void;
  }) {
    this.ports = options.ports;
    this.say = options.say;
    this.now = options.now;
  }

  /** Answers come through `say`; never rejects. */
  async ask(request: EngineRequest): Promise<void> {
    if (request.type === 'recall') return this.recall(request.id, request.sinceMs);
    if (this.inFlight.has(request.id)) {
      this.inFlight.set(request.id, true);
      return;
    }
    do {
      this.inFlight.set(request.id, false);
      await this.inspect(request.id);
    } while (this.inFlight.get(request.id) === true);
    this.inFlight.delete(request.id);
  }

  private async inspect(id: string): Promise<void> {
    let answer: InspectorSays;
    try {
      const facts = await this.ports.inspectContainer(id);
      answer = { type: 'inspected', id, facts, now: this.now() };
    } catch (error) {
      answer = { type: 'inspect_failed', id, trouble: troubleOf(error), now: this.now() };
    }
    this.say(answer);
  }

  /** An engine that does not remember, or does not say, is the same: the answer is empty. */
  private async recall(id: string, sinceMs: number): Promise<void> {
    const hints = await this.ports.history(id, sinceMs).catch(() => []);
    this.say({ type: 'recalled', id, hints, now: this.now() });
  }
}
