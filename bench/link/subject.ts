/**
 * One bridge on a link of its own: a hub and an edge site with a real broker each, and between them our bridge (over TCP or TLS) or mosquitto's.
 *
 * All have the same brokers with the generated logins and access lists, the same link and the same seed. A kind of mosquitto's own has no
 * further process: it lives in the site's broker, and dies with it.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { topicRoot } from '../../contracts/defaults.ts';
import { makeCertificate } from '../../test/kit/certificate.ts';
import { TestClient, transportTo } from '../../test/kit/conformance-brokers.ts';
import { EdgeRig, type EdgeRigOptions, places } from '../../test/kit/edge-rig.ts';
import type { Environment, HomelabProcess } from '../../test/kit/homelab-process.ts';
import { linkProfiles } from '../../test/kit/link-shape.ts';
import { sitePassword } from '../../test/kit/mosquitto-site.ts';
import { addresses } from '../../test/kit/net-rig.ts';
import type { Session } from '../session.ts';
import { atBest, atFirst, type FarEnd } from './settings.ts';

export type Kind = 'ours' | 'ours, TLS' | 'at first' | 'at best';
/** The three that are compared; TLS is only a matter of bytes. */
export const compared = ['ours', 'at first', 'at best'] as const;
export type Compared = (typeof compared)[number];

export interface SubjectOptions {
  readonly kind: Kind;
  readonly seed: number;
  /** Of the actors at the site. */
  readonly env?: Environment;
}

const nodes = [places.site.node, 'chelsty-ha'];
const tlsPort = 8883;
/** Reads everything and writes nothing. */
const witnessLogin = 'mqtt-explorer';

export class Subject {
  readonly kind: Kind;
  readonly rig: EdgeRig;
  private bridge: HomelabProcess | null = null;

  private constructor(kind: Kind, rig: EdgeRig) {
    this.kind = kind;
    this.rig = rig;
  }

  static async open(session: Session, { kind, seed, env = {} }: SubjectOptions): Promise<Subject> {
    const shape = kind === 'ours' || kind === 'ours, TLS' ? await ourShape(session, kind) : { amend: { site: mosquittos[kind] } };
    const rig = await EdgeRig.open({ make: 'mosquitto', profile: linkProfiles.lte, seed, ...shape, env: { ...env, ...shape.env } });
    session.defer(() => rig.close());
    return new Subject(kind, rig);
  }

  get isOurs(): boolean {
    return this.kind === 'ours' || this.kind === 'ours, TLS';
  }

  /** Our bridge's own process; null: mosquitto's is in the broker. */
  get bridgePid(): number | null {
    return this.bridge?.child.pid ?? null;
  }

  /** Where the bridge is no process of its own there is nothing to start. */
  async startBridge(): Promise<void> {
    if (this.isOurs) this.bridge = await this.rig.run('site', 'bridge');
  }

  /** kill -9, and started again after that time. False: it is no process of its own. */
  async killBridge(pause: () => Promise<void>): Promise<boolean> {
    if (this.bridge === null) return false;
    await this.bridge.kill9();
    await pause();
    this.bridge = this.rig.start('site', 'bridge');
    return true;
  }

  /** A subscriber at the hub's broker, with a session that is kept. */
  async witness(...filters: readonly string[]): Promise<TestClient> {
    const options = { clientId: 'witness', username: witnessLogin, password: sitePassword, clean: false };
    const client = await TestClient.connect(transportTo(this.rig.urls.hub), options);
    await client.link.subscribe(filters.map((filter) => `${topicRoot}/${filter}`));
    return client;
  }
}

const farEnd: FarEnd = {
  address: `${addresses.hub}:1883`,
  login: `bridge-${places.site.node}`,
  password: sitePassword,
  root: topicRoot,
  site: places.site.site,
  nodes,
};
const mosquittos = { 'at first': atFirst(farEnd), 'at best': atBest(farEnd) } as const;

async function ourShape(session: Session, kind: 'ours' | 'ours, TLS'): Promise<Pick<EdgeRigOptions, 'amend' | 'env'>> {
  if (kind === 'ours') return { amend: {}, env: {} };
  const directory = mkdtempSync(join(session.temporaryDirectory(), 'tls-'));
  const { certFile, keyFile } = makeCertificate(directory, addresses.hub);
  return {
    amend: { hub: (lines) => [...lines, `listener ${tlsPort}`, `certfile ${certFile}`, `keyfile ${keyFile}`] },
    env: { HOMELAB_UPSTREAM_URL: `mqtts://${addresses.hub}:${tlsPort}`, NODE_EXTRA_CA_CERTS: certFile },
  };
}
