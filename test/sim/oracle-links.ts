/**
 * Checks what an observer says of the link between its site and another: one incident at a time, not before the quiet time is over, and
 * at the hub never a link that is up or degraded when nothing was heard on it for long.
 *
 * At the hub only live words count: a stored copy says what was. On the broker of the site itself the document stands until it changes.
 */
import { linkSilentMs } from '../../contracts/defaults.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import type { Breach } from './rules.ts';

/** What was heard is known at once, and said as soon as the line is free. */
const reactionMs = 5_000;
/** A jump back makes what was heard look newer by so much, until it is heard again. */
const jumpForgottenMs = 600_000;

export interface LinkOracleOptions {
  readonly breach: Breach;
  readonly now: () => number;
  readonly isHub: boolean;
  readonly quietMs: number;
}

export class LinkOracle {
  private readonly options: LinkOracleOptions;
  private readonly active = new Set<string>();
  private isUp = false;
  /** Until when the link was there, as far as the observer was told in this life; 0: it was not. */
  private upUntilMs = 0;
  /** The hub's summary says that it is there. */
  private isCalledUp = false;
  private underWay = 0;
  private idleSinceMs = 0;
  /** After a jump of the observer's clock nobody can say how long anything took. */
  private agesCountFromMs = 0;

  constructor(options: LinkOracleOptions) {
    this.options = options;
  }

  /** The observer starts anew, and may have forgotten the last that it heard: what a power cut took from its store. */
  onStart(): void {
    this.isUp = false;
    this.upUntilMs = 0;
    this.onCutOff();
  }

  /** It cannot correct itself: what it said stands, and says its own age. */
  onCutOff(): void {
    this.isCalledUp = false;
    this.underWay = 0;
    this.idleSinceMs = this.options.now();
  }

  onPublishing(): void {
    this.underWay += 1;
  }

  onPublished(): void {
    this.underWay = Math.max(0, this.underWay - 1);
    this.idleSinceMs = this.options.now();
  }

  onClockJump(): void {
    this.agesCountFromMs = this.options.now() + jumpForgottenMs;
  }

  /** The observer hears the document of the link. */
  onHeard({ status }: LinkStatus, retained: boolean): void {
    const isUp = status === 'up' || status === 'degraded';
    const { isHub, now } = this.options;
    if (isHub ? isUp && !retained : isUp || this.isUp) this.upUntilMs = now();
    this.isUp = isUp;
  }

  onIncident(topic: string, incident: Incident | null): void {
    if (incident?.kind !== 'link_down') {
      this.active.delete(topic);
      return;
    }
    const wasActive = this.active.has(topic);
    if (incident.status === 'active') this.active.add(topic);
    else this.active.delete(topic);
    const { breach, now, quietMs, isHub } = this.options;
    if (this.active.size > 1) breach('one-incident-per-link', `${[...this.active].join(' and ')} are active at once`);
    if (wasActive || incident.status !== 'active' || now() < this.agesCountFromMs) return;
    const awayMs = now() - (!isHub && this.isUp ? now() : this.upUntilMs);
    if (awayMs < quietMs - reactionMs) breach('one-incident-per-link', `${incident.id} is opened ${awayMs} ms after the link was last there, not ${quietMs}`);
  }

  /** The summary of the hub. An observer that is back says again what it said before, and looks then. */
  onSaid({ links = [] }: SiteSummary, site: string): void {
    const status = links.find((each) => each.site === site)?.status;
    this.isCalledUp = status === 'up' || status === 'degraded';
    if (this.isCalledUp && this.upUntilMs === 0)
      this.options.breach('never-nominal-on-stale-data', `the hub calls the link ${status}, and has heard nothing live of it since it was started`);
  }

  /** What was said stands; it must not outlive what it rests on. */
  onStep(): void {
    if (this.isCalledUp && this.underWay === 0 && this.options.now() - this.idleSinceMs >= reactionMs) this.check();
  }

  private check(): void {
    const { breach, now } = this.options;
    const ageMs = now() - this.upUntilMs;
    if (ageMs > linkSilentMs + reactionMs && now() >= this.agesCountFromMs)
      breach('never-nominal-on-stale-data', `the hub calls the link up, and heard nothing on it for ${Math.round(ageMs / 1000)} s`);
  }
}
