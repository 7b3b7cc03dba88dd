/** Which stopped containers a clean-up may remove. */
import { describe, expect, it } from 'vitest';
import { removableContainers, type StandingContainer, stoppedForMs } from './removable.ts';

const hour = 3_600_000;
const nowMs = 1_000 * 24 * hour;

describe('a stopped container', () => {
  const desired = { services: [{ name: 'web' }, { name: 'outline-db', stack: 'outline' }] };
  let ids = 0;
  const container = (name: string, rest: Partial<StandingContainer> = {}): StandingContainer => {
    ids += 1;
    const id = ids.toString(16).padStart(64, '0');
    return { id, name, labels: {}, status: 'exited', stoppedAtMs: nowMs - 2 * hour, restartPolicy: 'no', ...rest };
  };
  const ghostOf = (name: string, labels: Readonly<Record<string, string>> = {}): StandingContainer => {
    const ghost = container('', { labels });
    return { ...ghost, name: `${ghost.id.slice(0, 12)}_${name}` };
  };
  const compose = (service: string, project: string) => ({ 'com.docker.compose.service': service, 'com.docker.compose.project': project });
  const removed = (...all: readonly StandingContainer[]) => removableContainers(all, desired, nowMs).map(({ name }) => name);

  it('of an experiment goes', () => {
    expect(removed(container('experiment'))).toEqual(['experiment']);
  });

  it('stays where nothing is desired: nobody has said what belongs here', () => {
    expect(removableContainers([container('experiment')], { services: [] }, nowMs)).toEqual([]);
  });

  it.each([
    ['of a desired service, whatever its name', container('lab_web_1', { labels: compose('web', 'lab') })],
    ['that has the name of a desired service', container('web')],
    ['of the project of a desired service', container('outline_migrate_1', { labels: compose('migrate', 'outline') })],
    ['that should be started again', container('other', { restartPolicy: 'unless-stopped' })],
    ['that runs', container('other', { status: 'running', stoppedAtMs: null })],
    ['that was never started', container('other', { status: 'created', stoppedAtMs: null })],
    ['that is paused', container('other', { status: 'paused', stoppedAtMs: null })],
  ])('%s stays', (_, each) => {
    expect(removed(each)).toEqual([]);
  });

  it.each([
    [stoppedForMs - 1, []],
    [stoppedForMs, []],
    [stoppedForMs + 1, ['experiment']],
  ])('goes only after more than an hour: %i ms', (ms, expected) => {
    expect(removed(container('experiment', { stoppedAtMs: nowMs - ms }))).toEqual(expected);
  });

  it('of a project stays when the project has a desired service running, even one that is called otherwise', () => {
    const web = container('x_web_1', { labels: compose('web', 'x'), status: 'running', stoppedAtMs: null });
    expect(removed(web, container('x_init_1', { labels: compose('init', 'x') }))).toEqual([]);
  });

  it('that an interrupted recreate left goes when another one stands for its service, and stays when none does', () => {
    const ghost = ghostOf('web', compose('web', 'x'));
    expect(removed(ghost)).toEqual([]);
    expect(removed(ghost, container('web', { labels: compose('web', 'x'), status: 'running', stoppedAtMs: null }))).toEqual([ghost.name]);
    // A stopped one is the answer to whether it is stopped or missing: it stays, the ghost goes.
    expect(removed(ghost, container('web', { labels: compose('web', 'x') }))).toEqual([ghost.name]);
  });
});
