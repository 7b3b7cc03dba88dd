/**
 * What each login may do at the broker of this process: by the files of the declared homelab where they name this machine, else by
 * the desired documents that are retained at that broker, and until there are any by the names of the logins themselves.
 *
 * Reads the files when it is told to (before anybody is asked for a login), and from then on when a desired document says that nodes,
 * sites or the access list have changed. Remembers nothing across a restart. Files that do not say enough are reported, and the
 * documents count instead.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoginAccess } from '../../bus/broker-access.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Log } from '../../bus/log.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { topics } from '../../contracts/topics.ts';
import type { SiteBroker } from '../broker-config/site-broker.ts';
import { type Settings, UsageError } from '../settings.ts';
import { accessByDocuments, accessByFiles, type Placed, placedOf } from './login-access.ts';

export type AccessSettings = Pick<Settings, 'node' | 'site' | 'topicRoot' | 'inventoryDir' | 'isInventoryNamed' | 'ownAccessFile'>;

export interface BrokerAccessParts {
  readonly settings: AccessSettings;
  /** Those that have a password. */
  readonly logins: () => Iterable<string>;
  readonly log: Log;
  readonly clock: Clock;
}

/** A pull of the checkout changes many documents at once. */
const readAgainAfterMs = 500;

const notByFiles = 'the files do not say what each login may do at this broker; the desired documents count instead';

export class BrokerAccess {
  /** Of the desired documents, with the root. */
  readonly filter: string;
  private readonly parts: BrokerAccessParts;
  private readonly placed = new Map<string, Placed>();
  /** Nodes of this site that a document has named since the start. */
  private readonly former = new Set<string>();
  private readonly known = new Map<string, LoginAccess | null>();
  private readonly listeners: (() => void)[] = [];
  private declared: SiteBroker | null = null;
  private isRead = false;
  private timer: unknown = null;

  constructor(parts: BrokerAccessParts) {
    this.parts = parts;
    this.filter = `${parts.settings.topicRoot}/${topics.desired.filter()}`;
  }

  /** The files. Rejects where they cannot be read; nothing has changed then. */
  async read(): Promise<void> {
    this.isRead = true;
    this.declared = await this.readDeclared();
    this.changed();
  }

  close(): void {
    if (this.timer !== null) this.parts.clock.clearTimeout(this.timer);
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** The same object while nothing has changed; null: no role. */
  accessOf(login: string): LoginAccess | null {
    let access = this.known.get(login);
    if (access === undefined) {
      const { settings, logins } = this.parts;
      access =
        this.declared === null
          ? accessByDocuments(login, { ...settings, logins: logins(), placed: this.placed.values(), former: this.former })
          : accessByFiles(login, { ...this.declared, former: this.former });
      this.known.set(login, access);
    }
    return access;
  }

  /** Logins have come or gone, or what they may do. */
  changed(): void {
    this.known.clear();
    for (const listener of this.listeners) listener();
  }

  /** A desired document; empty: it is cleared. What is no such document changes nothing: its readers say what is wrong with it. */
  onRetained(topic: string, payload: Buffer): void {
    const doc = payload.length === 0 ? null : placedOf(payload);
    if (doc === 'not one') return;
    const before = this.placed.get(topic);
    if (JSON.stringify(before ?? null) === JSON.stringify(doc)) return;
    if (doc === null) this.placed.delete(topic);
    else this.placed.set(topic, doc);
    if (doc?.site === this.parts.settings.site) this.former.add(doc.node);
    // At once: what an actor writes of a node that is new must not be dropped meanwhile, for it would not write it again.
    this.known.clear();
    this.timer ??= this.parts.clock.setTimeout(() => {
      this.timer = null;
      if (this.isRead) this.readAgain();
      else this.changed();
    }, readAgainAfterMs);
  }

  private readAgain(): void {
    this.read().catch((error: unknown) => {
      this.parts.log.error({ err: error }, 'what logins may do could not be read again; what was read before holds');
    });
  }

  /** null: the files are not about this machine, or do not say enough. */
  private async readDeclared(): Promise<SiteBroker | null> {
    const { settings, log } = this.parts;
    const { inventoryDir, isInventoryNamed, ownAccessFile, node, site, topicRoot } = settings;
    if (!existsSync(join(inventoryDir, inventoryFiles.topology.path))) return null;
    // A container with nothing but a broker has no inventory, and no use for what reads one.
    const [{ readTree, readOwnAccess }, { contentOf, isAbout }, { siteBroker }] = await Promise.all([
      import('../../adapters/files/tree.ts'),
      import('../../actors/inventory/tree.ts'),
      import('../broker-config/site-broker.ts'),
    ]);
    const tree = await readTree(inventoryDir);
    if (!isInventoryNamed && !isAbout(tree, node)) return null;
    const placed = contentOf(tree.topology)?.nodes[node]?.site;
    if (placed !== site) {
      const told = placed === undefined ? `${node} is in no site` : `${node} is in ${placed}, HOMELAB_SITE says ${site}`;
      if (isInventoryNamed) log.warn({ reason: `${inventoryFiles.topology.path}: ${told}` }, notByFiles);
      return null;
    }
    try {
      return siteBroker(tree.access === 'absent' ? { ...tree, access: (await readOwnAccess(ownAccessFile)).access } : tree, site, topicRoot);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      log.warn({ reason: error.message }, notByFiles);
      return null;
    }
  }
}
