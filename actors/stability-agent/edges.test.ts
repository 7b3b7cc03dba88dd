/** Every check at its edges, both ways: the last value that is not enough and the first that is, a moment before its time, then, and a moment after. Facts in, events out. */
import { describe, expect, it } from 'vitest';
import { FactDesk, iso } from '../../test/kit/fact-desk.ts';
import { noPressure, onTailnet, root, wellHost } from '../../test/kit/stability-world.ts';
import { checks } from './checks.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

type Show = (desk: FactDesk, value: number) => void;

interface Edges {
  readonly check: string;
  /** What is different from another row of the same check. */
  readonly by?: string;
  readonly show: Show;
  readonly before?: (desk: FactDesk) => void;
  readonly events: readonly [raised: string, cleared: string];
  /** [the last value that raises nothing, the first that does, how long it must last] */
  readonly raise: readonly [not: number, yes: number, afterMs: number];
  /** [the last value that clears nothing, the first that does, how long it must last] */
  readonly clear: readonly [not: number, yes: number, afterMs: number];
  /** [the last value that is a warning, the first that is an error] */
  readonly error?: readonly [not: number, yes: number];
}

const host =
  (make: (value: number) => object): Show =>
  (desk, value) => {
    desk.tell({ type: 'host_read', reading: { ...wellHost, ...make(value) } });
  };
const tailnet =
  (make: (value: number, desk: FactDesk) => object): Show =>
  (desk, value) => {
    desk.tell({ type: 'tailnet_read', reading: { ...onTailnet, ...make(value, desk) } });
  };
/** 0 and 1 where there is nothing to measure. */
const [well, bad] = [0, 1] as const;

const fill = (desk: FactDesk): void => {
  // 1,000 bytes less each millisecond, for a day.
  for (let at = 0; at <= 24; at += 1) {
    host(() => ({ disks: [{ ...root, freeBytes: 1e12 - at * hour * 1_000 }] }))(desk, 0);
    if (at < 24) desk.now += hour;
  }
};

const edges: readonly Edges[] = [
  {
    check: 'disk-space',
    events: ['disk_usage_high', 'disk_usage_normal'],
    show: host((usedPct) => ({ disks: [{ ...root, usedPct }] })),
    raise: [89.99, 90, 0],
    clear: [85, 84.99, 0],
    error: [96.99, 97],
  },
  {
    check: 'disk-inodes',
    events: ['disk_inodes_high', 'disk_usage_normal'],
    show: host((inodesUsedPct) => ({ disks: [{ ...root, inodesUsedPct }] })),
    raise: [89.99, 90, 0],
    clear: [85, 84.99, 0],
    error: [96.99, 97],
  },
  {
    check: 'disk-filling',
    by: 'days',
    events: ['disk_filling', 'disk_usage_normal'],
    before: fill,
    show: host((days) => ({ disks: [{ ...root, usedPct: 60, freeBytes: days * day * 1_000 }] })),
    raise: [3.01, 3, 0],
    clear: [6, 6.01, 0],
  },
  {
    check: 'disk-filling',
    by: 'room',
    events: ['disk_filling', 'disk_usage_normal'],
    before: fill,
    show: host((usedPct) => ({ disks: [{ ...root, usedPct, freeBytes: (usedPct === 0 ? 7 : 2) * day * 1_000 }] })),
    raise: [49.99, 50, 0],
    clear: [49.99, 0, 0],
  },
  {
    check: 'memory-pressure',
    by: 'pressure',
    events: ['high_memory', 'memory_normal'],
    show: host((fullAvg60) => ({ memoryPressure: { ...noPressure, fullAvg60 } })),
    raise: [9.99, 10, 2 * minute],
    clear: [5, 4.99, 5 * minute],
    error: [39.99, 40],
  },
  {
    check: 'memory-pressure',
    by: 'use',
    events: ['high_memory', 'memory_normal'],
    show: host((memoryPct) => ({ memoryPressure: null, memoryPct })),
    raise: [94.9, 95, 2 * minute],
    clear: [90, 89.9, 5 * minute],
  },
  {
    check: 'cpu-pressure',
    by: 'pressure',
    events: ['high_cpu', 'cpu_normal'],
    show: host((someAvg300) => ({ cpuPressure: { ...noPressure, someAvg300 } })),
    raise: [59.99, 60, 10 * minute],
    clear: [40, 39.99, 5 * minute],
  },
  {
    check: 'cpu-pressure',
    by: 'use',
    events: ['high_cpu', 'cpu_normal'],
    show: host((cpuPct) => ({ cpuPressure: null, cpuPct })),
    raise: [94.9, 95, 10 * minute],
    clear: [80, 79.9, 5 * minute],
  },
  {
    check: 'io-pressure',
    events: ['high_io', 'io_normal'],
    show: host((fullAvg300) => ({ ioPressure: { ...noPressure, fullAvg300 } })),
    raise: [39.99, 40, 10 * minute],
    clear: [20, 19.99, 5 * minute],
  },
  {
    check: 'tailscale-down',
    events: ['tailscale_down', 'tailscale_normal'],
    show: tailnet((value) => ({ backend: value === bad ? 'Stopped' : 'Running' })),
    raise: [well, bad, 2 * minute],
    clear: [bad, well, minute],
  },
  {
    check: 'tailscale-key',
    events: ['tailscale_key_expiring', 'tailscale_normal'],
    show: tailnet((leftMs, { now }) => ({ keyExpiresAtMs: now + leftMs })),
    raise: [7 * day + 1, 7 * day, 0],
    clear: [8 * day, 8 * day + 1, 0],
    error: [1, 0],
  },
  {
    check: 'tailscale-peer',
    events: ['tailscale_peer_lost', 'tailscale_normal'],
    show: tailnet((value) => ({ peers: { attic: value === well } })),
    raise: [well, bad, 10 * minute],
    clear: [bad, well, 2 * minute],
  },
  {
    check: 'tailscale-peer-name',
    events: ['tailscale_peer_unknown', 'tailscale_peer_known'],
    show: tailnet((value) => ({ peers: value === bad ? {} : { attic: true } })),
    raise: [well, bad, 2 * minute],
    clear: [bad, well, 0],
  },
  {
    check: 'own-broker',
    events: ['mqtt_unreachable', 'mqtt_reachable'],
    show: (desk, value) => {
      desk.tell({ type: 'own_broker_tried', trip: value === bad ? { ok: false, detail: 'timeout' } : { ok: true, ms: 2 } });
    },
    raise: [well, bad, 30 * second],
    clear: [bad, well, 0],
  },
  {
    check: 'upstream-broker',
    events: ['upstream_unreachable', 'upstream_reachable'],
    show: (desk, value) => {
      desk.tell({ type: 'upstream_tried', trip: value === bad ? { ok: false, detail: 'timeout' } : { ok: true, ms: 2 } });
    },
    raise: [well, bad, 5 * minute],
    clear: [bad, well, 0],
  },
  {
    check: 'desired-services',
    events: ['desired_not_running', 'desired_running'],
    before: (desk) => {
      desk.desire('web');
      // No observer is missed before.
      desk.now += 90 * second;
    },
    show: (desk, value) => {
      desk.heartbeat();
      desk.service('web', value === bad ? 'down' : 'healthy');
      desk.round();
    },
    raise: [well, bad, 20 * second + minute],
    clear: [bad, well, 0],
  },
  {
    check: 'zigbee-bridge',
    events: ['zigbee_bridge_offline', 'zigbee_bridge_online'],
    before: (desk) => {
      desk.service('zigbee2mqtt', 'healthy');
    },
    show: (desk, value) => {
      desk.tell({ type: 'zigbee_bridge', state: value === bad ? 'offline' : 'online' });
      desk.round();
    },
    raise: [well, bad, 2 * minute],
    clear: [bad, well, 30 * second],
  },
  ...[1, -1].map(
    (sign): Edges => ({
      check: 'clock-offset',
      by: sign > 0 ? 'behind' : 'ahead',
      events: ['clock_offset_high', 'clock_offset_normal'],
      show: (desk, offsetMs) => {
        desk.exchange(8, { offsetMs: sign * offsetMs });
        desk.round();
      },
      raise: [4_999, 5_000, 2 * minute],
      clear: [2_001, 2_000, 2 * minute],
      error: [89_999, 90_000],
    }),
  ),
  {
    check: 'engine-hung',
    events: ['engine_hung', 'engine_answering'],
    show: (desk, value) => {
      desk.heartbeat(value === bad ? 'hung' : 'up');
      desk.round();
    },
    raise: [well, bad, 5 * minute],
    clear: [bad, well, 0],
  },
];

/** Shown at once, and again that much later. */
function shown(
  { before, show, events }: Edges,
  value: number,
  afterMs: number,
  desk = new FactDesk(),
): { readonly desk: FactDesk; readonly said: readonly string[] } {
  if (desk.now === FactDesk.startMs) before?.(desk);
  show(desk, value);
  desk.now += afterMs;
  if (afterMs > 0) show(desk, value);
  return { desk, said: desk.said.filter((type) => events.includes(type)) };
}

it('leaves no check out', () => {
  expect([...new Set(edges.map(({ check }) => check))]).toEqual(checks.map(({ name }) => name));
});

describe.each(edges.map((each) => [`${each.check}${each.by === undefined ? '' : `, ${each.by}`}`, each] as const))('%s', (_name, each) => {
  const [raisedType, clearedType] = each.events;
  const [notRaised, raises, raiseAfterMs] = each.raise;
  const [notCleared, clears, clearAfterMs] = each.clear;
  const raised = (): FactDesk => shown(each, raises, raiseAfterMs).desk;

  it('is raised by the first value that is enough, not by the last that is not', () => {
    expect(shown(each, notRaised, 2 * raiseAfterMs + 1).said).toEqual([]);
    expect(shown(each, raises, 2 * raiseAfterMs).said).toEqual([raisedType]);
  });

  it('is raised in its time, not a moment before', () => {
    if (raiseAfterMs > 0) expect(shown(each, raises, raiseAfterMs - 1).said).toEqual([]);
    expect(shown(each, raises, raiseAfterMs).said).toEqual([raisedType]);
    expect(shown(each, raises, raiseAfterMs + 1).said).toEqual([raisedType]);
  });

  it('is cleared by the first value that is well, not by the last that is not', () => {
    expect(shown(each, notCleared, 2 * clearAfterMs + 1, raised()).said).toEqual([raisedType]);
    expect(shown(each, clears, 2 * clearAfterMs, raised()).said).toEqual([raisedType, clearedType]);
  });

  it('is cleared in its time, not a moment before', () => {
    if (clearAfterMs > 0) expect(shown(each, clears, clearAfterMs - 1, raised()).said).toEqual([raisedType]);
    expect(shown(each, clears, clearAfterMs, raised()).said).toEqual([raisedType, clearedType]);
    expect(shown(each, clears, clearAfterMs + 1, raised()).said).toEqual([raisedType, clearedType]);
  });
});

const withErrors = edges.flatMap((each) => (each.error === undefined ? [] : [[each.check, each, ...each.error] as const]));

it.each(withErrors)('%s gets louder at its second threshold, in its time, not before', (_name, each, not, yes) => {
  const [raisedType] = each.events;
  const [, raises, afterMs] = each.raise;
  const severities = (value: number, ms: number): readonly string[] => shown(each, value, ms, shown(each, raises, afterMs).desk).desk.severities(raisedType);
  expect(severities(not, afterMs)).toEqual(['warning']);
  expect(severities(yes, afterMs)).toEqual(['warning', 'error']);
  if (afterMs > 0) expect(severities(yes, afterMs - 1)).toEqual(['warning']);
});

describe('other times that the checks go by', () => {
  it.each([
    [90 * second - 1, []],
    [90 * second, ['desired_not_running']],
  ])('an observer that was heard %d ms ago when the wait began: %j', (agoMs, said) => {
    const desk = new FactDesk();
    desk.desire('web');
    desk.service('web', 'down');
    desk.now += hour;
    desk.heartbeat();
    desk.exchange(1);
    desk.now += agoMs;
    for (const afterMs of [0, 20 * second + minute]) {
      desk.now += afterMs;
      desk.heartbeat();
      desk.round();
    }
    expect(desk.said).toEqual(said);
  });

  it.each([
    [2, 0, []],
    [3, 0, ['clock_offset_high']],
    [3, 5 * minute - 1, ['clock_offset_high']],
    [3, 5 * minute, []],
  ])('%d exchanges of clocks, the last two minutes of them %d ms old: %j', (exchanges, ageMs, said) => {
    const desk = new FactDesk();
    desk.now += hour;
    desk.exchange(exchanges, { offsetMs: 60_000 });
    // The oldest of them was a moment earlier.
    const oldestMs = desk.now - (exchanges - 1);
    desk.now = Math.max(desk.now, oldestMs + ageMs - 2 * minute);
    desk.round();
    desk.now = Math.max(desk.now + 2 * minute, oldestMs + ageMs);
    desk.round();
    expect(desk.said).toEqual(said);
  });

  it('what stands is said again a day after it was said, not before', () => {
    const disk = edges.find(({ check }) => check === 'disk-space') as Edges;
    const { desk } = shown(disk, 95, 0);
    desk.now += day - 1;
    expect(shown(disk, 95, 0, desk).said).toHaveLength(1);
    expect(shown(disk, 95, 1, desk).said).toHaveLength(2);
  });

  it('carries since when, as a time of its own', () => {
    const memory = edges.find(({ by }) => by === 'use') as Edges;
    const { desk } = shown(memory, 99, 2 * minute);
    expect(desk.payloads.at(-1)).toMatchObject({ since: iso(FactDesk.startMs) });
  });
});
