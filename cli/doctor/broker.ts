/**
 * One configured broker, step by step: its name, its port, a login, a round trip, a retained document. The first step that
 * fails is the last one reported, because the others cannot succeed without it.
 *
 * Writes to the probe topic of its own login only, and leaves nothing there: the retained probe is cleared at the end, and a
 * will with an empty payload clears it when this process dies in between. What a broker keeps over a restart of its own is
 * not tried.
 */
import { type Clock, withDeadline } from '../../bus/clock.ts';
import type { Incoming, Link, Transport } from '../../bus/link.ts';
import { ConnectionRefusedError } from '../../bus/mqtt-link.ts';
import { topics } from '../../contracts/topics.ts';
import { UntrustedBrokerError } from '../broker-trust.ts';
import { type Finding, findingsOf, messageOf } from './finding.ts';
import { checkPresented, type PresentedCertificate } from './presented-certificate.ts';

/** A resolver that is down answers after 5 s per server by default; a broker whose name takes 2 s is not usable. */
const resolveMs = 2_000;
/** LTE at its worst takes about 2 s. */
const reachMs = 2_000;
/** TLS and CONNACK: two more round trips. */
const connectMs = 3_000;
const roundTripMs = 3_000;
const retainedMs = 5_000;
/** As for a login, which makes the same handshake. */
const certificateMs = 3_000;

/** All of the steps together, with a little over for what is between them. */
export const brokerDeadlineMs = resolveMs + reachMs + certificateMs + connectMs + roundTripMs + retainedMs + 1_000;

export interface BrokerPorts {
  /** The address of a name; rejects when there is none. */
  resolve(host: string): Promise<string>;
  /** Opens and closes a TCP connection. */
  reach(host: string, port: number): Promise<void>;
  /** What a port with TLS shows; rejects where no TLS is spoken. */
  certificate(host: string, port: number, deadlineMs: number): Promise<PresentedCertificate>;
  transport(url: string): Transport;
  readonly clock: Clock;
  /** A fresh word for each use. */
  nonce(): string;
}

export interface BrokerAsked {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Without credentials. */
  readonly shown: string;
  readonly login: string;
  readonly password: string | undefined;
  readonly topicRoot: string;
  /** Nobody named this broker: `homelab up` would start its own. */
  readonly isDefault: boolean;
}

export async function checkBroker(ports: BrokerPorts, asked: BrokerAsked): Promise<readonly Finding[]> {
  const address = await nameOf(ports, asked);
  if (address.level === 'error') return [address];
  const reached = await portOf(ports, asked);
  if (reached !== null) return [address, reached];
  const before = [address, ...(await certificateOf(ports, asked))];
  const visit = new ProbeVisit(ports, asked);
  try {
    const login = await visit.logIn();
    if (login.level === 'error') return [...before, login];
    const roundTrip = await visit.roundTrip();
    return roundTrip.level === 'error' ? [...before, login, roundTrip] : [...before, login, roundTrip, await visit.retained()];
  } finally {
    await visit.close();
  }
}

async function nameOf(ports: BrokerPorts, { host, shown }: BrokerAsked): Promise<Finding> {
  const say = findingsOf('broker name');
  try {
    const address = await withDeadline(ports.clock, resolveMs, `resolving ${host}`, ports.resolve(host));
    return say.ok(address === host ? `${host} is an address` : `${host} is ${address}`, `where ${shown} is`);
  } catch (error) {
    const mend = `getent hosts ${host}   # until this answers: correct HOMELAB_BROKER_URL, or add a line "<address> ${host}" to /etc/hosts`;
    return say.error(`${host} cannot be resolved: ${messageOf(error)}`, `${shown} cannot be found`, mend);
  }
}

async function portOf(ports: BrokerPorts, { host, port, shown, isDefault }: BrokerAsked): Promise<Finding | null> {
  const say = findingsOf('broker connection');
  try {
    await withDeadline(ports.clock, reachMs, `connecting to ${shown}`, ports.reach(host, port));
    return null;
  } catch (error) {
    const found = `${shown}: ${messageOf(error)}`;
    if (isDefault)
      return say.error(
        found,
        'no broker runs here and none was named: homelab is not running',
        'homelab up   # starts one; or name yours: HOMELAB_BROKER_URL=mqtt://host:1883',
      );
    return say.error(
      found,
      'actors keep their events on disk until it is back; nothing can be approved',
      `nc -vz ${host} ${port}   # then start the broker there, e.g. sudo systemctl restart mosquitto`,
    );
  }
}

/** Nothing where there is no TLS, or none is asked for: then the login says what is wrong. */
async function certificateOf(ports: BrokerPorts, { url, host, port, shown }: BrokerAsked): Promise<readonly Finding[]> {
  if (!url.startsWith('mqtts:')) return [];
  try {
    return [checkPresented(shown, await ports.certificate(host, port, certificateMs), ports.clock.now())];
  } catch {
    return [];
  }
}

class ProbeVisit {
  private readonly ports: BrokerPorts;
  private readonly asked: BrokerAsked;
  private readonly topic: string;
  private readonly links: Link[] = [];
  private isRetaining = false;

  constructor(ports: BrokerPorts, asked: BrokerAsked) {
    this.ports = ports;
    this.asked = asked;
    this.topic = `${asked.topicRoot}/${topics.probe.build({ login: asked.login })}`;
  }

  private first: { readonly link: Link; readonly heard: Heard } | null = null;

  async logIn(): Promise<Finding> {
    const say = findingsOf('broker connection');
    const { shown, login, password } = this.asked;
    try {
      const startedMs = this.ports.clock.now();
      this.first = await this.connect(true);
      return say.ok(`${shown} takes ${login} in ${this.ports.clock.now() - startedMs} ms`, 'MQTT 3.1.1 is spoken there');
    } catch (error) {
      if (error instanceof UntrustedBrokerError) return say.error(error.message, 'actors and commands here refuse to say their passwords to it', error.mend);
      if (!(error instanceof ConnectionRefusedError))
        return say.error(
          `${shown} takes the connection, but: ${messageOf(error)}`,
          'it hangs, or it is no MQTT broker',
          `mosquitto_pub -d -h ${this.asked.host} -p ${this.asked.port} -t test -m test   # what it says; then restart it`,
        );
      // 4 and 5: bad user name or password, not authorised (MQTT 3.1.1, table 3.1).
      const isLogin = error.code === 4 || error.code === 5;
      if (isLogin)
        return say.error(
          messageOf(error),
          password === undefined ? `no password is known for ${login}` : `the password of ${login} is wrong`,
          'export HOMELAB_CREDENTIALS=credentials.yaml   # lines "login: password"; HOMELAB_LOGIN says who you are',
        );
      return say.error(messageOf(error), 'the broker refuses MQTT 3.1.1 or is not ready', 'sudo systemctl restart mosquitto   # or whatever broker it is');
    }
  }

  /** QoS 1 out, and back through a subscription. */
  async roundTrip(): Promise<Finding> {
    const say = findingsOf('broker round trip');
    const { first, topic } = this;
    const { shown } = this.asked;
    if (first === null) throw new Error('not connected');
    try {
      const startedMs = this.ports.clock.now();
      await this.within(roundTripMs, `a round trip over ${shown}`, this.fence(first));
      return say.ok(`${this.ports.clock.now() - startedMs} ms at ${shown}`, 'what is published there arrives');
    } catch (error) {
      const acl = `${this.asked.topicRoot}/${topics.probe.build({ login: '%u' })}`;
      return say.error(
        `nothing came back over ${topic}: ${messageOf(error)}`,
        'the broker hangs, or its access list refuses that topic',
        `echo 'pattern readwrite ${acl}' | sudo tee -a /etc/mosquitto/acl   # the file that acl_file names; then reload mosquitto`,
      );
    }
  }

  /** A document must outlive the connection that wrote it, and an empty one must clear it. */
  async retained(): Promise<Finding> {
    const say = findingsOf('broker retained');
    const { shown } = this.asked;
    const mend = 'grep -rn retain_available /etc/mosquitto/   # remove it (default true), then: sudo systemctl restart mosquitto';
    try {
      const { kept, cleared } = await this.within(retainedMs, `a retained document at ${shown}`, this.keepAndClear());
      if (!kept) return say.error('a retained document is not kept', 'the whole state lives in such documents: nobody who connects later sees anything', mend);
      if (!cleared)
        return say.error(
          'a retained document cannot be cleared',
          'what is deleted comes back',
          `mosquitto_pub -h ${this.asked.host} -p ${this.asked.port} -t ${this.topic} -r -n   # clears the probe; then look at the access list of the broker`,
        );
      return say.ok(`kept for a later connection, and cleared (${shown})`, 'whoever connects later sees what is true (a restart of the broker is not tried)');
    } catch (error) {
      return say.error(messageOf(error), 'documents may not be kept', mend);
    }
  }

  private async keepAndClear(): Promise<{ readonly kept: boolean; readonly cleared: boolean }> {
    const { first, topic } = this;
    if (first === null) throw new Error('not connected');
    const nonce = this.ports.nonce();
    this.isRetaining = true;
    await first.link.publish(topic, this.probe(nonce), { retain: true });
    const kept = await this.isStored(nonce);
    await first.link.publish(topic, '', { retain: true });
    const cleared = !(await this.isStored(nonce));
    this.isRetaining = !cleared;
    return { kept, cleared };
  }

  private async isStored(nonce: string): Promise<boolean> {
    const later = await this.connect(false);
    await this.fence(later);
    return later.heard.stored.some((payload) => payload.includes(nonce));
  }

  /** Resolves when everything that the broker had for this connection has come. */
  private async fence({ link, heard }: { readonly link: Link; readonly heard: Heard }): Promise<void> {
    const nonce = this.ports.nonce();
    const back = heard.until(nonce);
    await link.subscribe([this.topic]);
    await link.publish(this.topic, this.probe(nonce), { retain: false });
    await back;
  }

  private async connect(withWill: boolean): Promise<{ readonly link: Link; readonly heard: Heard }> {
    const { url, login, password, topicRoot } = this.asked;
    const heard = new Heard();
    const link = await this.ports.transport(url).connect(
      {
        clientId: `${topicRoot}-doctor-${this.ports.nonce().slice(0, 8)}`,
        clean: true,
        username: login,
        ...(password === undefined ? {} : { password }),
        keepaliveS: 30,
        connectTimeoutMs: connectMs,
        // Empty and retained: should this process die, the broker itself takes the probe away.
        ...(withWill ? { will: { topic: this.topic, payload: '' } } : {}),
      },
      { onMessage: (message) => heard.take(message), onClose: (reason) => heard.end(reason) },
    );
    this.links.push(link);
    return { link, heard };
  }

  private probe(nonce: string): string {
    return JSON.stringify({ nonce, ts: new Date(this.ports.clock.now()).toISOString() });
  }

  private within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
    return withDeadline(this.ports.clock, ms, what, promise);
  }

  /** With a probe still there the first connection is dropped instead, so that its will clears it. */
  async close(): Promise<void> {
    await Promise.all(this.links.map((link) => link.close(link === this.first?.link && this.isRetaining ? { abrupt: true } : {})));
  }
}

/** What one connection received. */
class Heard {
  readonly stored: string[] = [];
  private awaited: { readonly nonce: string; readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  take({ payload, retained }: Incoming): void {
    const text = payload.toString('utf8');
    if (retained) this.stored.push(text);
    else if (this.awaited !== null && text.includes(this.awaited.nonce)) this.awaited.resolve();
  }

  end(reason: Error | null): void {
    this.awaited?.reject(reason ?? new Error('closed'));
  }

  until(nonce: string): Promise<void> {
    const back = new Promise<void>((resolve, reject) => {
      this.awaited = { nonce, resolve, reject };
    });
    // Closed later by us, when nobody waits any more.
    back.catch(() => undefined);
    return back;
  }
}
