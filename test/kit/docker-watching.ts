/** Watching an engine in tests: its hints as they come, compared as `<action> <code>`. */
import type { EngineHint, EngineTrouble, NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { waitFor } from './wait.ts';

export class Watching {
  readonly hints: EngineHint[] = [];
  readonly closed: EngineTrouble[] = [];
  opens = 0;
  readonly stop: () => void;

  constructor(ports: Pick<NodeAgentPorts, 'watchEngine'>) {
    this.stop = ports.watchEngine({
      onOpen: () => {
        this.opens += 1;
      },
      onHint: (hint) => this.hints.push(hint),
      onClosed: (trouble) => this.closed.push(trouble),
    });
  }

  static async open(ports: Pick<NodeAgentPorts, 'watchEngine'>): Promise<Watching> {
    const watching = new Watching(ports);
    await waitFor('the event stream to open', () => watching.opens > 0, { state: () => watching.closed });
    return watching;
  }

  /** Of one container: `kill 15`, `die 137`, `start`. */
  of(id: string): string[] {
    return this.hints.filter((hint) => hint.id === id).map(word);
  }

  /** Waits until the container's last hints are these. */
  async sees(id: string, last: string): Promise<string[]> {
    await waitFor(`hint ${last}`, () => this.of(id).at(-1) === last, { deadlineMs: 30_000, state: () => this.of(id) });
    return this.of(id);
  }
}

export const word = ({ action, signal, exitCode }: EngineHint): string => [action, signal ?? exitCode].filter((part) => part !== null).join(' ');
