/** A writer of documents at one end of the link, in a process of its own, and what it said last. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { topics } from '../../contracts/topics.ts';
import { type EdgeRig, places, type Side } from '../../test/kit/edge-rig.ts';
import { sitePassword } from '../../test/kit/mosquitto-site.ts';
import { stormEventType } from '../../test/kit/storm-plan.ts';
import type { Session } from '../session.ts';

export interface WriterOptions {
  readonly actor: 'node-agent' | 'inventory';
  readonly url: string;
  readonly password: string;
  readonly node: string;
  readonly site: string;
  readonly dataRoot: string;
  /** Whose nodes the desired documents are for. */
  readonly siteOfDesired: string;
}

/** Service, or node of a desired document → the word to write; null: it ends. */
export type Words = Readonly<Record<string, string | null>>;

export interface WriterOrder {
  readonly id: number;
  readonly write: Words;
  /** Numbers of the events to emit. */
  readonly emit: readonly number[];
  readonly emitType: string;
}

export class Writer {
  /** Topic → its word, null where it ended: all that it was ever told to write. */
  readonly said = new Map<string, string | null>();
  private readonly actor: WriterOptions['actor'];
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  private lastId = 0;
  private output = '';

  private constructor(actor: WriterOptions['actor'], child: ChildProcess) {
    this.actor = actor;
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-2_000);
      });
    }
    child.on('message', ({ done }: { readonly done: number }) => {
      this.waiting.get(done)?.resolve();
      this.waiting.delete(done);
    });
    child.once('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a writer ended: ${this.output}`));
    });
  }

  /** It ends with the rig. */
  static async start(session: Session, rig: EdgeRig, side: Side): Promise<Writer> {
    const actor = side === 'site' ? 'node-agent' : 'inventory';
    const options: WriterOptions = {
      ...{ actor, url: 'mqtt://127.0.0.1:1883', password: sitePassword, ...places[side], siteOfDesired: places.site.site },
      dataRoot: join(rig.machines[side].dataRoot, 'writer'),
    };
    const command = [process.execPath, session.program('link-writer'), JSON.stringify(options)];
    const writer = new Writer(actor, rig.net[side].spawn(command, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }));
    await writer.reply(0);
    return writer;
  }

  /** Resolves when the broker beside it has it all. */
  async write(words: Words, emit: readonly number[] = []): Promise<void> {
    for (const [name, word] of Object.entries(words)) this.said.set(this.topicOf(name), word);
    this.lastId += 1;
    const order: WriterOrder = { id: this.lastId, write: words, emit, emitType: stormEventType };
    const done = this.reply(order.id);
    this.child.send(order);
    await done;
  }

  topicOf(name: string): string {
    return this.actor === 'node-agent' ? topics.serviceHealth.build({ node: places.site.node, service: name }) : topics.desired.build({ node: name });
  }

  private reply(id: number): Promise<void> {
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
}

/** The word of a document, or null: it is not there, or says that it ended. */
export function wordOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const { status, image, commit } = JSON.parse(text) as { readonly status: string; readonly image?: string; readonly commit?: string };
  return status === 'gone' ? null : (image ?? commit ?? 'no word');
}
