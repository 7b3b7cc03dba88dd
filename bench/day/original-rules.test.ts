import { describe, expect, it } from 'vitest';
import { type ContainerSeen, cycleMs, OriginalRules } from './original-rules.ts';

const startMs = Date.parse('2026-03-02T00:00:00.000Z');
const running = (service: string, rest: Partial<ContainerSeen> = {}): ContainerSeen => ({ service, status: 'running', health: null, ...rest });

/** Cycles in which the node sees these containers; null: it has no power. */
function afterCycles(cycles: readonly (readonly ContainerSeen[] | null)[], isConnected: (at: number) => boolean = () => true) {
  const rules = new OriginalRules({ node: 'piha', startMs });
  for (const [at, containers] of cycles.entries()) rules.cycle(startMs + at * cycleMs, { containers, isConnected: isConnected(at), metrics: {} });
  return { ...rules.account, told: rules.account.lines.map(({ what, about }) => `${what} ${about}`) };
}

describe("the original's rules", () => {
  it('write one event for each container and one for the node in every cycle', () => {
    expect(
      afterCycles([
        [running('a'), running('b')],
        [running('a'), running('b', { status: 'exited' })],
      ]).traffic.messages,
    ).toBe(6);
  });

  it('skip containers that were only created', () => {
    expect(afterCycles([[running('a', { status: 'created' })]]).traffic.messages).toBe(1);
  });

  it('open one incident, and propose one restart, however long a container is not running', () => {
    const down = [running('a', { status: 'exited' })];
    expect(afterCycles([down, down, down]).told).toEqual(['incident a containers_not_running', 'proposal container-restart-piha-a']);
  });

  it('propose a redeploy for a health check that fails, and take it back when it passes', () => {
    expect(afterCycles([[running('a', { health: 'unhealthy' })], [running('a', { health: 'healthy' })]]).told).toEqual([
      'incident a healthcheck_failed',
      'proposal redeploy-piha-a',
      'resolved a',
      'withdrawn redeploy-piha-a drift_resolved_auto',
    ]);
  });

  it('do not miss a node that says nothing', () => {
    expect(afterCycles([[running('a')], null, null, null]).told).toEqual([]);
  });

  it('read what was kept during a netsplit all at once, and propose nothing for what is over by then', () => {
    const split = afterCycles([[running('a')], [running('a', { status: 'exited' })], [running('a')]], (at) => at !== 1);
    expect(split.told).toEqual(['incident a containers_not_running', 'resolved a']);
    expect(split.traffic.messages).toBe(6);
  });
});
