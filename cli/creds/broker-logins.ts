/**
 * The logins that the broker of this process knows: in clear (HOMELAB_CREDENTIALS, and what its own actors have), and hashed in
 * `logins.yaml`, which is looked at every second, so that what `homelab creds` does there counts without a restart.
 *
 * Nobody is asked until somebody has a login; from then on everybody is, until the end of the process, also when the last one is revoked.
 * Remembers in memory what was right, as a keyed hash, so that a site that comes back at once does not cost a scrypt for each
 * connection. Fails open for nobody: while the file cannot be read, what was read last holds; at the start it is a LoginsError.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isLoginsFileThere, type LoginEntry, type Logins, readLogins } from '../../adapters/logins/logins-file.ts';
import { verifyMosquittoHash } from '../../adapters/logins/mosquitto-hash.ts';
import { verifyPassword } from '../../adapters/logins/password.ts';
import type { Welcome } from '../../bus/broker-access.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';

/** Wrong passwords for one login before it is refused unasked, and for how long they count. As many as the web page takes from one address. */
const wrongMax = 20;
const wrongForMs = 15 * 60_000;
/** Passwords that wait to be looked at; each takes up to 0.2 s, and a client waits some seconds. */
const waitingMax = 40;

/** Of a login in clear. */
const clearMark = 'in clear';

interface Proof {
  readonly mark: string;
  readonly digest: Buffer;
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
  private readonly checking = new Map<string, Promise<boolean>>();
  private readonly wrong = new Map<string, { count: number; readonly sinceMs: number }>();
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

  async admits(login: string, given: Buffer): Promise<Welcome> {
    if (this.isRightInClear(login, given)) return { mark: clearMark };
    const entry = this.hashed.get(login);
    const mark = entry === undefined ? '' : markOf(entry);
    if (entry === undefined || mark === '') return 'unknown';
    const digest = createHmac('sha256', this.key).update(given).digest();
    const known = this.proven.get(login);
    if (known !== undefined && known.mark === mark && timingSafeEqual(known.digest, digest)) return { mark };
    if (this.wrongOf(login) >= wrongMax || this.checking.size >= waitingMax) return 'busy';
    if (!(await this.isRight(entry, given, `${login} ${mark} ${digest.toString('hex')}`))) {
      this.noteWrong(login);
      return 'unknown';
    }
    this.proven.set(login, { mark, digest });
    return { mark };
  }

  isStill(login: string, mark: string): boolean {
    if (mark === clearMark) return Object.hasOwn(this.parts.clear, login);
    const entry = this.hashed.get(login);
    return entry !== undefined && markOf(entry) === mark;
  }

  private isRightInClear(login: string, given: Buffer): boolean {
    const { clear } = this.parts;
    const expected = Object.hasOwn(clear, login) ? clear[login] : undefined;
    return expected !== undefined && timingSafeEqual(sha256(expected), sha256(given));
  }

  /** Both connections of an actor come at once: one look for both. */
  private isRight(entry: LoginEntry, given: Buffer, question: string): Promise<boolean> {
    let answer = this.checking.get(question);
    if (answer === undefined) {
      const password = given.toString('utf8');
      answer = entry.scrypt === undefined ? verifyMosquittoHash(password, entry.mosquitto ?? '') : verifyPassword(password, entry.scrypt);
      answer = answer.finally(() => this.checking.delete(question));
      this.checking.set(question, answer);
    }
    return answer;
  }

  private wrongOf(login: string): number {
    const counted = this.wrong.get(login);
    if (counted === undefined) return 0;
    if (this.parts.clock.now() - counted.sinceMs < wrongForMs) return counted.count;
    this.wrong.delete(login);
    return 0;
  }

  /** Only of logins that there are: nobody fills the memory with others. */
  private noteWrong(login: string): void {
    const counted = this.wrong.get(login);
    if (counted === undefined) this.wrong.set(login, { count: 1, sinceMs: this.parts.clock.now() });
    else counted.count += 1;
  }
}

/** Changes with the password; empty: there is none. */
const markOf = ({ scrypt, mosquitto }: LoginEntry): string => scrypt ?? mosquitto ?? '';

const sha256 = (text: string | Buffer): Buffer => createHash('sha256').update(text).digest();
