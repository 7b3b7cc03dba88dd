/** Everything the page knows, as signals; views read them, and are drawn again when what they read changes. Lost with the page. */
import { computed, signal } from '@preact/signals';
import { actorViewsOf } from '../../../../../contracts/actor-view.ts';
import type { Event } from '../../../../../contracts/event.ts';
import { mayDecide as mayThey } from './action-view.ts';
import { type Documents, worldOf } from './documents.ts';
import { type BusState, type Connection, pageDoubt, siteViewsOf } from './freshness.ts';
import { needsOf, verdictOf } from './needs.ts';
import type { Answer, Me } from './server.ts';

export const documents = signal<Documents | null>(null);
export const here = signal<{ readonly site: string; readonly node: string; readonly version: string }>({ site: '', node: '', version: '' });
export const connection = signal<Connection>({ status: 'connecting', sinceMs: Date.now() });
export const bus = signal<BusState | null>(null);
/** The server has read everything at least once: what is missing is not there. */
export const isWhole = signal(true);
export const me = signal<Me | null>(null);
/** A reader is told what waits, not that it waits for them. */
export const mayDecide = computed(() => mayThey(me.value));
/** Of the stream, newest first. */
export const tail = signal<readonly Event[]>([]);
/** How far the clock of the server is ahead of ours. */
export const clockAheadMs = signal(0);
const tick = signal(Date.now());
/** By the clock of the server, each second: a phone whose clock is wrong shows right ages. */
export const nowMs = computed(() => tick.value + clockAheadMs.value);
/** For judgements, which need not be made each second. */
export const calmNowMs = computed(() => Math.floor(nowMs.value / 5000) * 5000);

/** What the ledger answered last, or that it is being asked. */
export const answer = signal<(Answer & { readonly id: string; readonly at: number }) | null>(null);
/** Ids of actions that the ledger is being asked about. */
export const asking = signal<ReadonlySet<string>>(new Set());

export const world = computed(() => worldOf(here.value.site, documents.value ?? new Map()));
export const page = computed(() => pageDoubt(connection.value, { bus: bus.value, isWhole: isWhole.value }, calmNowMs.value));
export const isLive = computed(() => page.value === null && connection.value.status === 'live');
export const sites = computed(() => siteViewsOf(world.value, calmNowMs.value));
export const actors = computed(() => actorViewsOf(world.value, calmNowMs.value));
export const needs = computed(() => needsOf(world.value, actors.value));
export const verdict = computed(() => verdictOf({ needs: needs.value, sites: sites.value, page: page.value }));
export const isSimulated = computed(() => world.value.sites.some(({ simulated }) => simulated === true));

export function startClock(): void {
  setInterval(() => {
    tick.value = Date.now();
  }, 1000);
  // Timers sleep with the phone; what is old must look old at the first glance.
  addEventListener('visibilitychange', () => {
    tick.value = Date.now();
  });
}
