/**
 * The logins that the broker of this process knows: in clear (HOMELAB_CREDENTIALS, and what its own actors have), and hashed in
 * `logins.yaml`, which is looked at every second, so that what `homelab creds` does there counts without a restart.
 *
 * Nobody is asked until somebody has a login; from then on everybody is, until the end of the process, also when the last one is revoked.
 * Wrong passwords are counted as at the page (contracts/login-attempts.ts), but for two things: a password that nobody can guess is looked at
 * however many were wrong, so that nobody keeps a program out; and the same wrong one again is no other guess, since programs repeat themselves.
 * Remembers in memory what was right and what was wrong, as keyed hashes, so that a site that comes back at once does not cost a scrypt for
 * each connection. Fails open for nobody: while the file cannot be read, what was read last holds; at the start it is a LoginsError.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isLoginsFileThere, type LoginEntry, type Logins, readLogins } from '../../adapters/logins/logins-file.ts';
import { isOfRandom, verifyMosquittoHash } from '../../adapters/logins/mosquitto-hash.ts';
import { verifyPassword } from '../../adapters/logins/password.ts';
import type { Welcome } from '../../bus/broker-access.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';
import { type Attempt, createAttempts } from '../../contracts/login-attempts.ts';
import { isLoopback } from '../../contracts/loopback.ts';

/** Passwords that are looked at, or wait for it; each takes up to 0.2 s, and a client waits some seconds. Who comes beyond is told to come again. */
const checkingMax = 40;
/** As long as those that `homelab creds` makes, of 144 bits: in clear nothing else says how good it is. */
const unguessableCharsMin = 24;
/** Wrong passwords remembered; a site has tens of programs, of which some have an old one. Beyond it the oldest are forgotten, and count once more. */
const wrongMax = 1_000;

/** Of a login in clear. */
const clearMark = 'in clear';

interface Proof {
  readonly mark: string;
  readonly digest: Buffer;
}

/** What a login may come in with. */
interface Secret {
  readonly mark: string;
  /** Nobody guesses it, and to look at one costs next to nothing. */
  readonly isUnguessable: boolean;
  readonly isRight: (given: Buffer) => boolean | Promise<boolean>;
}

export interface KnownLoginsParts {
  readonly clear: Readonly<Record<string, string>>;
  /** Those of them that this process made for its own actors, whether anybody else has a login or not. */
  readonly minted?: readonly string[];
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class KnownLogins {
  private readonly parts: KnownLoginsParts;
  /** Of this process: what is remembered is of no use elsewhere. */
  private readonly key = randomBytes(32);
  private readonly proven = new Map<string, Proof>();
  private readonly checking = new Map<string, Promise<Welcome>>();
  private readonly attempts = createAttempts();
  private readonly wrong = new Set<string>();
  private hashed: Logins;
  private asking: boolean;

  /** Throws a LoginsError. */
  constructor(parts: KnownLoginsParts) {
    this.parts = parts;
    this.hashed = readLogins(parts.file);
    this.asking = this.hasOthers || isLoginsFileThere(parts.file);
  }

  get isAsking(): boolean {
    return this.asking;
  }

  /** Somebody besides the actors of this process has a login. */
  get hasOthers(): boolean {
    const { clear, minted = [] } = this.parts;
    return this.hashed.size > 0 || Object.keys(clear).some((login) => !minted.includes(login));
  }

  get names(): readonly string[] {
    return [...Object.keys(this.parts.clear), ...this.hashed.keys()];
  }

  /** The file has changed. False: it cannot be read, and those that were read before hold. */
  readAgain(): boolean {
    const { file, log } = this.parts;
    try {
      this.hashed = readLogins(file);
      this.asking ||= this.hasOthers || isLoginsFileThere(file);
      for (const [login, { mark }] of this.proven) if (!this.isStill(login, mark)) this.proven.delete(login);
      return true;
    } catch (error) {
      // Somebody wanted logins: as at the start, nobody is let in without one.
      this.asking = true;
      log.error({ err: error, file }, 'the logins cannot be read; those that were read before hold');
      return false;
    }
  }

  /** `address` null: from this process. */
  async admits(login: string, given: Buffer, address: string | null): Promise<Welcome> {
    const secrets = this.secretsOf(login);
    // Nobody can guess it: not counted, so that clients with made-up names keep nobody out who shares their address.
    if (secrets.length === 0) return 'unknown';
    const digest = createHmac('sha256', this.key).update(given).digest();
    const proof = this.proven.get(login);
    if (proof !== undefined && secrets.some(({ mark }) => mark === proof.mark) && timingSafeEqual(proof.digest, digest)) return { mark: proof.mark };
    const question = [login, ...secrets.map(({ mark }) => mark), digest.toString('hex')].join(' ');
    if (this.wrong.has(question)) return 'unknown';
    for (const { mark, isUnguessable, isRight } of secrets) if (isUnguessable && (await isRight(given))) return this.prove(login, { mark, digest });
    const attempt = attemptOf(login, address);
    const others = secrets.filter(({ isUnguessable }) => !isUnguessable);
    if (others.length > 0) return this.look(`${question} ${address}`, () => this.tryGuessable(attempt, others, { given, digest, question }));
    this.noteWrong(question);
    return this.attempts.begin(attempt, this.parts.clock.now()) === null ? 'unknown' : 'busy';
  }

  isStill(login: string, mark: string): boolean {
    if (mark === clearMark) return Object.hasOwn(this.parts.clear, login);
    const entry = this.hashed.get(login);
    return entry !== undefined && markOf(entry) === mark;
  }

  private secretsOf(login: string): readonly Secret[] {
    const { clear } = this.parts;
    const expected = Object.hasOwn(clear, login) ? clear[login] : undefined;
    const entry = this.hashed.get(login);
    return [...(expected === undefined ? [] : [clearSecret(expected)]), ...(entry === undefined || markOf(entry) === '' ? [] : [hashedSecret(entry)])];
  }

  /** Both connections of an actor come at once: one look for both, and one attempt. */
  private look(question: string, answerOf: () => Promise<Welcome>): Welcome | Promise<Welcome> {
    const asked = this.checking.get(question);
    if (asked !== undefined) return asked;
    if (this.checking.size >= checkingMax) return 'busy';
    const answer = answerOf().finally(() => this.checking.delete(question));
    this.checking.set(question, answer);
    return answer;
  }

  private async tryGuessable(
    attempt: Attempt,
    secrets: readonly Secret[],
    { given, digest, question }: { readonly given: Buffer; readonly digest: Buffer; readonly question: string },
  ): Promise<Welcome> {
    if (this.attempts.begin(attempt, this.parts.clock.now()) !== null) return 'busy';
    for (const { mark, isRight } of secrets) {
      if (!(await isRight(given))) continue;
      this.attempts.succeeded(attempt);
      return this.prove(attempt.login, { mark, digest });
    }
    this.noteWrong(question);
    return 'unknown';
  }

  private prove(login: string, proof: Proof): Welcome {
    this.proven.set(login, proof);
    return { mark: proof.mark };
  }

  private noteWrong(question: string): void {
    this.wrong.add(question);
    const [oldest] = this.wrong;
    if (this.wrong.size > wrongMax && oldest !== undefined) this.wrong.delete(oldest);
  }
}

/** Who is on the machine of the broker is known by that: what others do elsewhere never counts against it. */
function attemptOf(login: string, address: string | null): Attempt {
  const from = address?.replace(/^::ffff:(?=\d)/i, '') ?? 'this process';
  return { login, isThere: true, address: from, known: address === null || isLoopback(from) ? `${from} ${login}` : null };
}

const clearSecret = (expected: string): Secret => ({
  mark: clearMark,
  isUnguessable: expected.length >= unguessableCharsMin,
  isRight: (given) => timingSafeEqual(sha256(expected), sha256(given)),
});

function hashedSecret(entry: LoginEntry): Secret {
  const { scrypt, mosquitto = '' } = entry;
  const isUnguessable = isOfRandom(mosquitto);
  return {
    mark: markOf(entry),
    isUnguessable,
    isRight: (given) => {
      const password = given.toString('utf8');
      return scrypt === undefined || isUnguessable ? verifyMosquittoHash(password, mosquitto) : verifyPassword(password, scrypt);
    },
  };
}

/** Changes with the password; empty: there is none. */
const markOf = ({ scrypt, mosquitto }: LoginEntry): string => scrypt ?? mosquitto ?? '';

const sha256 = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();
