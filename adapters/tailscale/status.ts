/**
 * What tailscaled says of itself: GET /localapi/v0/status on its unix socket, the API that the `tailscale` command uses (ipn/ipnstate,
 * type Status). Any local user may ask.
 *
 * Writes and remembers nothing. Never rejects; answers within 5 s. Without a socket it is `absent`; one that we may not use, or an
 * answer we do not understand, is `unknown`; one behind which nobody answers is `silent`.
 */
import { request } from 'node:http';
import { z } from 'zod';
import type { StabilityPorts, TailnetReading } from '../../actors/stability-agent/ports.ts';

/** tailscaled answers in milliseconds; a loaded Pi with 100 peers in tens of them. */
const answerDeadlineMs = 5_000;
/** A peer is about 1 kB: enough for a tailnet of thousands. */
const answerBytesMax = 4 * 1024 * 1024;

const Peer = z.looseObject({
  HostName: z.string().default(''),
  DNSName: z.string().default(''),
  Online: z.boolean().default(false),
  Expired: z.boolean().default(false),
  // Absent, or null from older ones: it never expires.
  KeyExpiry: z.string().nullable().default(null),
});

const Status = z.looseObject({
  BackendState: z.string(),
  Self: Peer.nullable().default(null),
  Peer: z.record(z.string(), Peer).nullable().default(null),
});

export interface TailscaleOptions {
  readonly socketPath: string;
  /** Ask for the peers too. */
  readonly withPeers: boolean;
}

export function createTailscale({ socketPath, withPeers }: TailscaleOptions): { readonly readTailnet: NonNullable<StabilityPorts['readTailnet']> } {
  return {
    async readTailnet(): Promise<TailnetReading> {
      try {
        return parse(await ask(socketPath, `/localapi/v0/status${withPeers ? '' : '?peers=false'}`));
      } catch (error) {
        return readingOf(error);
      }
    },
  };
}

class UnusableAnswerError extends Error {
  override readonly name = 'UnusableAnswerError';
}

function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // tailscaled refuses other hosts, so that no web page can make a browser ask.
    const asked = request({ socketPath, path, headers: { Host: 'local-tailscaled.sock' } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) asked.destroy(new UnusableAnswerError(`an answer of more than ${answerBytesMax} bytes`));
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new UnusableAnswerError(`HTTP ${response.statusCode ?? '?'}: ${text.trim().slice(0, 200)}`));
      });
    });
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${answerDeadlineMs} ms`)), answerDeadlineMs);
    asked.on('error', reject);
    asked.on('close', () => {
      clearTimeout(timer);
      // An answer that breaks off in the middle ends with neither `end` nor an error.
      reject(new Error('the answer broke off'));
    });
    asked.end();
  });
}

function parse(text: string): TailnetReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnusableAnswerError('not JSON', { cause: error });
  }
  const result = Status.safeParse(value);
  if (!result.success) throw new UnusableAnswerError(`${result.error.issues[0]?.path.join('.') ?? ''}: ${result.error.issues[0]?.message ?? 'does not fit'}`);
  const { BackendState, Self, Peer: peers } = result.data;
  const expiresAtMs = Self?.KeyExpiry == null ? Number.NaN : Date.parse(Self.KeyExpiry);
  return {
    state: 'answered',
    backend: BackendState,
    keyExpired: Self?.Expired ?? false,
    keyExpiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    peers: Object.fromEntries(onlineByName(Self, Object.values(peers ?? {}))),
  };
}

type Machine = z.infer<typeof Peer>;

/**
 * By host name, and by the name on the tailnet, which differs where two machines have one host name and then is the one that counts.
 * The node itself is among them, and is there: one list of names may serve all nodes.
 */
function onlineByName(self: Machine | null, peers: readonly Machine[]): readonly (readonly [string, boolean])[] {
  const machines = [...peers, ...(self === null ? [] : [{ ...self, Online: true }])];
  const byHost = machines.map(({ HostName, Online }) => [HostName.toLowerCase(), Online] as const);
  const byDns = machines.map(({ DNSName, Online }) => [DNSName.split('.')[0]?.toLowerCase() ?? '', Online] as const);
  return [...byHost, ...byDns].filter(([name]) => name !== '');
}

function readingOf(error: unknown): TailnetReading {
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 200);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
  if (error instanceof UnusableAnswerError || code === 'EACCES' || code === 'EPERM') return { state: 'unknown', detail };
  return { state: 'silent', detail };
}
