/** What a person has: mosquitto_pub and mosquitto_sub, as witnesses that share no code with the program. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type WaitOptions, waitFor } from './wait.ts';

const run = promisify(execFile);

interface Address {
  readonly host: string;
  readonly port: number;
}

const addressOf = (url: string): Address => {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
};

/** `mosquitto_pub -t <topic> -m <message>`, QoS 1. */
export async function mosquittoPub(url: string, topic: string, message: string, options: { readonly retain?: boolean } = {}): Promise<void> {
  const { host, port } = addressOf(url);
  const payload = message === '' ? ['-n'] : ['-m', message];
  await run('mosquitto_pub', ['-h', host, '-p', String(port), '-q', '1', '-t', topic, ...payload, ...(options.retain === true ? ['-r'] : [])], {
    timeout: 10_000,
  });
}

type Doc = Readonly<Record<string, unknown>> & { readonly status?: string };

/** A mosquitto_sub that stays: the retained documents as it saw them last, and every message in order. */
export class Witness {
  readonly retained = new Map<string, Doc>();
  readonly messages: { readonly topic: string; readonly text: string; readonly retained: boolean }[] = [];
  private readonly url: string;
  private readonly filter: string;
  private child: ChildProcess;
  private rest = '';
  private closed = false;

  private constructor(url: string, filter: string) {
    this.url = url;
    this.filter = filter;
    this.child = this.spawn();
  }

  static async open(url: string, filter = 'homelab/#'): Promise<Witness> {
    const witness = new Witness(url, filter);
    const mark = `witness-${Math.random().toString(36).slice(2)}`;
    await waitFor('mosquitto_sub to listen', async () => {
      await mosquittoPub(url, `homelab/${mark}`, 'x');
      return witness.messages.some(({ topic }) => topic.endsWith(mark));
    });
    return witness;
  }

  private spawn(): ChildProcess {
    const { host, port } = addressOf(this.url);
    const child = spawn('mosquitto_sub', ['-h', host, '-p', String(port), '-q', '1', '-t', this.filter, '-F', '%r %t %p'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout?.on('data', (data: Buffer) => {
      this.read(data.toString('utf8'));
    });
    child.on('exit', () => {
      // The broker was restarted by the test: listen again, as a person's window would.
      setTimeout(() => {
        if (!this.closed) this.child = this.spawn();
      }, 200);
    });
    return child;
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [retain = '', topic = '', ...payload] = line.split(' ');
      const body = payload.join(' ');
      this.messages.push({ topic, text: body, retained: retain === '1' });
      if (body === '') this.retained.delete(topic);
      else
        try {
          this.retained.set(topic, JSON.parse(body) as Doc);
        } catch {
          // a bare line, such as an approval: a message, not a document
        }
    }
  }

  /** The first document under a prefix that fits, now. */
  find(prefix: string, fits: (doc: Doc) => boolean = () => true): Doc | undefined {
    return [...this.retained].find(([topic, doc]) => topic.startsWith(prefix) && fits(doc))?.[1];
  }

  /** Waits for a document whose topic starts with `prefix`. */
  see(what: string, prefix: string, fits: (doc: Doc) => boolean, options: WaitOptions = {}): Promise<Doc> {
    return waitFor(what, () => this.find(prefix, fits), {
      deadlineMs: 30_000,
      state: () => [...this.retained].filter(([topic]) => topic.startsWith(prefix)).map(([topic, doc]) => `${topic} ${JSON.stringify(doc).slice(0, 300)}`),
      ...options,
    }) as Promise<Doc>;
  }

  /** Waits for a message on `topic` after position `from` that fits. */
  async hear(what: string, topic: string, fits: (text: string) => boolean, from = 0): Promise<string> {
    const found = await waitFor(what, () => this.messages.slice(from).find((each) => each.topic === topic && fits(each.text)), {
      deadlineMs: 20_000,
      state: () => this.messages.slice(-10),
    });
    return found.text;
  }

  get position(): number {
    return this.messages.length;
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill();
    await gone;
  }
}
