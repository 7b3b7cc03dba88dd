/**
 * Checks that the site is never called nominal on stale data or in trouble, by what the observer was told: heartbeats not
 * older than three intervals by its own clock, and no service document that says trouble; nor while it calls an incident active.
 */

import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../contracts/defaults.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { Breach } from './rules.ts';

/** What was heard is known at once, and said as soon as the line is free. */
const reactionMs = 5_000;
/** A jump back makes what was heard look newer by so much, until it is heard again. */
const jumpForgottenMs = 600_000;
const ttlMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;

interface Heard<D> {
  readonly doc: D;
  readonly atMs: number;
}

interface Node {
  desired: DesiredNode | null;
  health: Heard<NodeHealth> | null;
  readonly services: Map<string, Heard<ServiceHealth>>;
}

type Head = { readonly session: number; readonly rev?: number };

export class NominalOracle {
  private readonly breach: Breach;
  /** Real time: what an honest clock would say. */
  private readonly now: () => number;
  /** Is this node of the observer's own site? What it hears of others it does not judge. */
  private readonly isOwn: (node: string) => boolean;
  private nodes = new Map<string, Node>();
  private newest = new Map<string, Head>();
  private said: string | null = null;
  /** Topics of incidents that are active by their documents. */
  private readonly active = new Set<string>();
  /** Published and not acknowledged yet. */
  private underWay = 0;
  private idleSinceMs = 0;
  /** After a jump of its clock nobody can say how old anything is. */
  private agesCountFromMs = 0;

  constructor(options: { readonly breach: Breach; readonly now: () => number; readonly isOwn: (node: string) => boolean }) {
    this.isOwn = options.isOwn;
    this.breach = options.breach;
    this.now = options.now;
  }

  /** The observer starts anew, and knows nothing. */
  onStart(): void {
    this.nodes = new Map();
    this.newest = new Map();
    this.onCutOff();
  }

  /** It cannot correct itself: what it said stands, and says its own age. */
  onCutOff(): void {
    this.said = null;
    this.underWay = 0;
    this.idleSinceMs = this.now();
  }

  onPublishing(): void {
    this.underWay += 1;
  }

  onPublished(): void {
    this.underWay = Math.max(0, this.underWay - 1);
    this.idleSinceMs = this.now();
  }

  onClockJump(): void {
    this.agesCountFromMs = this.now() + jumpForgottenMs;
  }

  onHeard(topic: string, levels: readonly string[], doc: unknown): void {
    const head = doc as Head & { readonly status: string };
    if (!this.isNews(topic, head)) return;
    const [kind, name = '', service] = levels;
    if (!this.isOwn(name)) return;
    const node = this.nodes.get(name) ?? { desired: null, health: null, services: new Map() };
    this.nodes.set(name, node);
    if (kind === 'desired') node.desired = head.status === 'gone' ? null : (doc as DesiredNode);
    else if (service === undefined) node.health = { doc: doc as NodeHealth, atMs: this.now() };
    else if (head.status === 'gone') node.services.delete(service);
    else node.services.set(service, { doc: doc as ServiceHealth, atMs: this.now() });
  }

  private isNews(topic: string, head: Head): boolean {
    const known = this.newest.get(topic);
    const rev = head.rev ?? Number.POSITIVE_INFINITY;
    if (known !== undefined && (head.session < known.session || (head.session === known.session && rev <= (known.rev ?? Number.POSITIVE_INFINITY))))
      return false;
    this.newest.set(topic, { session: head.session, rev });
    return true;
  }

  /** The observer says of an incident that it is active, or anything else. */
  onIncident(topic: string, isActive: boolean): void {
    if (isActive) this.active.add(topic);
    else this.active.delete(topic);
  }

  /** `writtenAgoMs`: a writer that found its broker empty says again what it said before, with the time of then. */
  onSaid(status: string, writtenAgoMs: number): void {
    this.said = status;
    if (writtenAgoMs < reactionMs) this.check(0);
  }

  /** What was said stands; it must not outlive what it rests on. */
  onStep(): void {
    if (this.said === 'nominal' && this.underWay === 0 && this.now() - this.idleSinceMs >= reactionMs) this.check(reactionMs);
  }

  private check(marginMs: number): void {
    if (this.said !== 'nominal') return;
    const now = this.now();
    // Both are published in one go, in whatever order.
    if (marginMs > 0 && this.active.size > 0)
      this.breach('never-nominal-in-trouble', `the site is called nominal while ${[...this.active].join(', ')} is active`);
    for (const [name, node] of this.nodes) {
      if (node.desired === null) continue;
      if (node.desired.agents.includes('node-agent')) this.checkNode(name, node, now - marginMs);
      for (const service of node.desired.services) {
        const heard = node.services.get(service.name);
        if (heard === undefined || !service.monitor || now - heard.atMs < marginMs) continue;
        const { status } = heard.doc;
        if (status === 'down' || status === 'unhealthy' || (status === 'stopped' && service.origin === 'declared'))
          this.breach('never-nominal-in-trouble', `the site is called nominal while ${service.name} on ${name} is ${status}`);
      }
    }
  }

  private checkNode(name: string, { health }: Node, now: number): void {
    if (health === null) {
      this.breach('never-nominal-on-stale-data', `the site is called nominal and ${name} was never heard`);
      return;
    }
    const ageMs = now - health.atMs;
    if (ageMs > ttlMs && this.now() >= this.agesCountFromMs)
      this.breach('never-nominal-on-stale-data', `the site is called nominal and ${name} was last heard ${Math.round(ageMs / 1000)} s ago`);
    if (health.doc.status === 'offline' && ageMs > 0) this.breach('never-nominal-on-stale-data', `the site is called nominal and ${name} is offline`);
  }
}
