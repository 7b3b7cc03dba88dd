import { describe, expect, it } from 'vitest';
import { classify, type Judgement, type Outage, type SeenHint, type Sighting } from './classify.ts';
import type { ContainerFacts } from './ports.ts';

const t0 = Date.parse('2026-03-01T12:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

/** A container that started at t0, and (where it exited) died a minute later. */
const diedAt = t0 + 60_000;
const facts = (over: Partial<ContainerFacts> = {}): ContainerFacts => ({
  id: 'a'.repeat(64),
  name: 'web',
  labels: {},
  status: 'running',
  image: 'web:1',
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: iso(t0),
  finishedAt: null,
  health: 'none',
  healthLog: null,
  restartCount: 0,
  restartPolicy: 'unless-stopped',
  ...over,
});
const exited = (exitCode: number, over: Partial<ContainerFacts> = {}): ContainerFacts =>
  facts({ status: 'exited', exitCode, finishedAt: iso(diedAt), ...over });

/** `kill15@-50 die137@0`: the action, its number, and when, in milliseconds around the death. */
const hints = (text: string): SeenHint[] =>
  text
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => {
      const [, action, number, at] = /^([a-z_]+)(\d*)@(-?\d+)$/.exec(each)!;
      const atMs = diedAt + Number(at);
      const value = number === '' ? null : Number(number);
      return { id: 'a'.repeat(64), action: action!, atMs, seenAtMs: atMs, signal: action === 'kill' ? value : null, exitCode: action === 'die' ? value : null };
    });

const see = (over: Partial<Sighting>): Judgement =>
  classify({ facts: facts(), hints: [], known: null, outages: [], recalled: false, now: diedAt + 5_000, ...over });
const word = (judgement: Judgement): string => (judgement.kind === 'said' ? `${judgement.verdict.status}/${judgement.verdict.reason}` : judgement.kind);

describe('a container that is there', () => {
  it.each<[string, ContainerFacts, number, string]>([
    ['has no health check and just started', facts(), t0 + 9_999, 'starting/settling'],
    ['has no health check and ran for 10 s', facts(), t0 + 10_000, 'healthy/running'],
    ['was restarted by its policy a moment ago', facts({ restartCount: 3 }), t0 + 100, 'starting/settling'],
    ['has a health check that has not decided', facts({ health: 'starting' }), t0 + 60_000, 'starting/health_check_starting'],
    ['passes its health check at once', facts({ health: 'healthy' }), t0 + 100, 'healthy/running'],
    ['fails its health check', facts({ health: 'unhealthy' }), t0 + 60_000, 'unhealthy/health_check_failed'],
    ['was paused by a person', facts({ status: 'paused', health: 'unhealthy' }), t0 + 60_000, 'stopped/paused'],
    ['is in a restart loop (the engine says Running as well)', facts({ status: 'restarting', exitCode: 1 }), t0 + 60_000, 'down/restarting'],
    ['could not be cleaned up', facts({ status: 'dead' }), t0 + 60_000, 'down/start_failed'],
    ['is being removed', facts({ status: 'removing' }), t0 + 60_000, 'stopped/removed'],
    ['lost a child to the OOM killer and runs on', facts({ oomKilled: false }), t0 + 60_000, 'healthy/running'],
    ['was once OOM-killed and restarted by its policy (OOMKilled stays true)', facts({ oomKilled: true }), t0 + 60_000, 'healthy/running'],
  ])('%s', (_, container, now, expected) => {
    expect(word(see({ facts: container, now, hints: hints('oom@-40000') }))).toBe(expected);
  });

  it('that was killed to be removed is waited for, and said when its removal is stuck', () => {
    const sighting = { facts: facts({ status: 'removing' }), hints: hints('kill9@-2 die137@0') };
    expect(see({ ...sighting, now: diedAt + 10 })).toEqual({ kind: 'wait', untilMs: diedAt + 5_000 });
    expect(word(see({ ...sighting, now: diedAt + 5_000 }))).toBe('stopped/removed');
  });

  it('says when it will have settled, so that somebody looks again', () => {
    expect(see({ now: t0 + 4_000 })).toMatchObject({ verdict: { status: 'starting' }, reviewAtMs: t0 + 10_000 });
  });

  it('settles from now when its start lies in the future, because a clock was set back', () => {
    expect(see({ now: t0 - 3_600_000 })).toMatchObject({ reviewAtMs: t0 - 3_600_000 + 10_000 });
  });
});

describe('a death that was seen', () => {
  it.each<[string, string, ContainerFacts, string]>([
    ['stop, handler exits 0', 'kill15@-20 die0@0 stop@3', exited(0), 'stopped/stopped_by_person'],
    ['stop, no handler', 'kill15@-10000 kill9@-5 die137@0 stop@3', exited(137), 'stopped/stopped_by_person'],
    ['stop with a long time-out', 'kill15@-50000 die143@0 stop@2', exited(143), 'stopped/stopped_by_person'],
    ['stop of a restart loop (no kill, its last death long over)', 'die1@-50000 stop@3', exited(1), 'stopped/stopped_by_person'],
    ['API kill', 'kill9@-2 die137@0', exited(137), 'down/killed'],
    ['API kill with TERM, exits 0', 'kill15@-2 die0@0', exited(0, { restartPolicy: 'no' }), 'down/killed'],
    ['host kill -9 of the process', 'die137@0', exited(137), 'down/crashed'],
    ['self exit 7, retries used up', 'die7@0', exited(7, { restartPolicy: 'on-failure', restartCount: 3 }), 'down/crashed'],
    ['job done, no policy', 'die0@0', exited(0, { restartPolicy: 'no' }), 'stopped/completed'],
    ['job done, on-failure', 'die0@0', exited(0, { restartPolicy: 'on-failure' }), 'stopped/completed'],
    ['exit 0 although it should be restarted', 'die0@0', exited(0, { restartPolicy: 'always' }), 'down/crashed'],
    ['OOM of PID 1', 'oom@-4 die137@0', exited(137, { oomKilled: true }), 'down/oom_killed'],
    ['OOM event, OOMKilled not set', 'oom@-4 die137@0', exited(137), 'down/oom_killed'],
    ['OOM of a child long before a crash', 'oom@-30000 die1@0', exited(1), 'down/crashed'],
    ['OOM of a child, then stopped by a person', 'oom@-3000 kill15@-20 die0@0 stop@3', exited(0, { oomKilled: true }), 'stopped/stopped_by_person'],
    ['HUP to reload, a crash later', 'kill1@-40000 die1@0', exited(1), 'down/crashed'],
    ['start refused by the engine after a stop', 'kill15@-20 die0@0 stop@3', exited(128, { error: 'port is already allocated' }), 'down/start_failed'],
  ])('%s', (_, seen, container, expected) => {
    expect(word(see({ facts: container, hints: hints(seen) }))).toBe(expected);
  });

  it('is decided at once when no kill came before it', () => {
    expect(word(see({ facts: exited(1), hints: hints('die1@0'), now: diedAt }))).toBe('down/crashed');
  });

  it('waits 250 ms for the stop when a kill came before it, and no longer', () => {
    const sighting = { facts: exited(137), hints: hints('kill9@-2 die137@0') };
    expect(see({ ...sighting, now: diedAt + 10 })).toEqual({ kind: 'wait', untilMs: diedAt + 250 });
    expect(word(see({ ...sighting, now: diedAt + 250 }))).toBe('down/killed');
  });

  it('waits a second after a stop for the other half of a restart', () => {
    const sighting = { facts: exited(0), hints: hints('kill15@-20 die0@0 stop@3') };
    expect(see({ ...sighting, now: diedAt + 10 })).toEqual({ kind: 'wait', untilMs: diedAt + 1_003 });
  });

  it('waits by our own clock when the clock of the engine is an hour ahead', () => {
    const seen = hints('kill9@-2 die137@0').map((hint) => ({ ...hint, seenAtMs: diedAt - 3_600_000 }));
    expect(see({ facts: exited(137), hints: seen, now: diedAt - 3_600_000 })).toEqual({ kind: 'wait', untilMs: diedAt - 3_600_000 + 250 });
  });

  it('is not explained by what ended the life before', () => {
    const later = exited(1, { startedAt: iso(diedAt - 100) });
    expect(word(see({ facts: later, hints: hints('kill15@-500 die0@-480 stop@-470 start@-100 die1@0') }))).toBe('down/crashed');
  });
});

describe('a death that nobody saw', () => {
  it('is asked of the engine first, from a minute before it', () => {
    expect(see({ facts: exited(137) })).toEqual({ kind: 'recall', sinceMs: diedAt - 60_000 });
  });

  it('keeps what was said of it before', () => {
    expect(word(see({ facts: exited(137), known: { status: 'stopped', reason: 'stopped_by_person' } }))).toBe('stopped/stopped_by_person');
  });

  it('believes what was seen before what was said', () => {
    const known = { status: 'down', reason: 'crashed' } as const;
    expect(word(see({ facts: exited(1), known, hints: hints('die1@0 stop@900'), now: diedAt + 60_000 }))).toBe('stopped/stopped_by_person');
  });

  it.each<[string, ContainerFacts, string]>([
    ['137 is most often a kill', exited(137), 'down/killed'],
    ['143 ended because it was asked to', exited(143), 'stopped/stopped_by_person'],
    ['0 with a policy that restarts was asked for', exited(0), 'stopped/stopped_by_person'],
    ['0 without a policy is a job that ended', exited(0, { restartPolicy: 'no' }), 'stopped/completed'],
    ['another code is a crash', exited(3), 'down/crashed'],
    ['OOMKilled is believed', exited(137, { oomKilled: true }), 'down/oom_killed'],
  ])('once the engine has forgotten, %s', (_, container, expected) => {
    expect(word(see({ facts: container, recalled: true }))).toBe(expected);
  });
});

describe('a death around a restart of the engine', () => {
  const outage = (fromMs: number, toMs: number | null, nothingRan = false): Outage[] => [
    { fromMs: diedAt + fromMs, toMs: toMs === null ? null : diedAt + toMs, nothingRan },
  ];
  const stopped = 'kill15@-20 die0@0 stop@3';
  it.each<[string, Outage[], string, string]>([
    ['died while there was no engine', outage(-1000, 500), '', 'down/engine_restart'],
    ['stopped by the new engine before it listened', outage(-1000, 500), stopped, 'down/engine_restart'],
    ['stopped by the new engine just after it was back', outage(-9000, -2000), stopped, 'down/engine_restart'],
    ['killed by the new engine just after it was back', outage(-9000, -2000), 'kill9@-2 die137@0', 'down/engine_restart'],
    ['crashed just after the engine was back', outage(-9000, -2000), 'die1@0', 'down/crashed'],
    ['stopped by a person long after', outage(-90_000, -40_000), stopped, 'stopped/stopped_by_person'],
    ['stopped with all others before the engine went', outage(2000, 6000, true), stopped, 'down/engine_restart'],
    ['stopped by a person before the engine crashed under others', outage(2000, 6000), stopped, 'stopped/stopped_by_person'],
    ['stopped by a person a minute before the engine was told to end', outage(60_000, 66_000, true), stopped, 'stopped/stopped_by_person'],
    ['crashed before the engine was told to end', outage(2000, 6000, true), 'die1@0', 'down/crashed'],
  ])('%s', (_, outages, seen, expected) => {
    expect(word(see({ facts: exited(0, { restartPolicy: 'always' }), hints: hints(seen), outages, now: diedAt + 70_000 }))).toBe(expected);
  });

  it('keeps that reason after the outage is forgotten', () => {
    const known = { status: 'down', reason: 'engine_restart' } as const;
    expect(word(see({ facts: exited(137), known, hints: hints(stopped) }))).toBe('down/engine_restart');
  });
});
