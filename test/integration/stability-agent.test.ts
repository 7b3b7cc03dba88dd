/** The stability-agent and an observer on a real broker: probes, an outage that leaves no incident, one incident for a full disk, another program's topic. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createObserverModule } from '../../actors/observer/actor.ts';
import { eventFile, listStore, readLines } from '../../actors/observer/event-files.ts';
import type { StoredEvent } from '../../actors/observer/stored-event.ts';
import { createStabilityAgentModule } from '../../actors/stability-agent/actor.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { topics } from '../../contracts/topics.ts';
import { haveMosquitto, type Mosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { mosquittoPub, Witness } from '../kit/mosquitto-tools.ts';
import { checkOptions, root, wellHost } from '../kit/stability-world.ts';
import { StepClock } from '../kit/step-clock.ts';
import { waitFor } from '../kit/wait.ts';

const minute = 60_000;
const ownStatus = 'homelab/actors/piha/stability-agent';
const probes = 'homelab/probes/stability-agent-piha';

describe.skipIf(!haveMosquitto())('on mosquitto', () => {
  let clock: StepClock;
  let broker: Mosquitto;
  let witness: Witness;
  let directory: string;
  let host = wellHost;
  const running: RunningActor[] = [];

  beforeEach(async () => {
    clock = new StepClock();
    directory = mkdtempSync(join(tmpdir(), 'stability-'));
    host = wellHost;
    broker = await startMosquitto();
    witness = await Witness.open(broker.url);
    // No grace at all: whatever is evidence for a moment opens an incident.
    start(createObserverModule({ incidentGraceMs: 0 }));
    start(
      createStabilityAgentModule({
        ports: { readHost: () => Promise.resolve(host), readTailnet: null, tryUpstream: null, tryOwnBroker: null },
        intervalMs: minute,
        checks: checkOptions,
      }),
    );
    await passing('both to be online', () => ['observer', 'stability-agent'].every((actor) => statusOf(actor)?.status === 'online'));
  });
  afterEach(async () => {
    let isOver = false;
    const stopped = Promise.all(running.splice(0).map((actor) => actor.stop())).then(() => (isOver = true));
    await passing('the actors to stop', () => isOver);
    await stopped;
    await witness.close();
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(module: ActorModule): void {
    const transport = createMqttTransport({ urls: [broker.url], log: silentLog });
    const common = { node: 'piha', site: 'hub', root: 'homelab', dataRoot: directory, clock, log: silentLog, version: '1' };
    const actor = new RunningActor({ module, transport, ...common, random: () => 0.5, onGaveUp: () => undefined });
    actor.start();
    running.push(actor);
  }

  /** Virtual time goes on with each look, slowly enough for what is real to happen in between. */
  const passing = (what: string, condition: () => unknown, stepMs = 100): Promise<unknown> =>
    waitFor(
      what,
      () => {
        clock.advance(stepMs);
        return condition();
      },
      { deadlineMs: 20_000, state: () => witness.retained.get(ownStatus) },
    );
  const statusOf = (actor: string) => witness.retained.get(`homelab/actors/piha/${actor}`);
  const detail = (): string => String(witness.retained.get(ownStatus)?.['detail']);
  const incidents = () => [...witness.retained].filter(([topic]) => topic.startsWith('homelab/world/incidents/')).map(([, doc]) => doc);

  async function stored(): Promise<readonly StoredEvent[]> {
    const lines: StoredEvent[] = [];
    const dataDir = join(directory, 'observer');
    for (const [node, dates] of await listStore(dataDir)) {
      for (const date of dates) await readLines(eventFile(dataDir, date, node), 0, (line) => lines.push(JSON.parse(line) as StoredEvent));
    }
    return lines;
  }

  it('a message goes there and back each minute, and a broker that was away leaves one line of history and no incident', async () => {
    const before = witness.messages.filter(({ topic }) => topic === probes).length;
    clock.advance(minute);
    await passing('a probe', () => witness.messages.filter(({ topic }) => topic === probes).length > before);
    expect(detail()).not.toContain('own-broker');

    const { port } = broker;
    await broker.stop();
    await clock.run(5 * minute);
    broker = await startMosquitto({ port });
    let story: readonly StoredEvent[] = [];
    await passing('the event in the store', async () => {
      story = await stored();
      return story.some(({ type }) => type === 'mqtt_reachable');
    });
    expect(story.filter(({ type }) => type.startsWith('mqtt_') || type === 'incident_opened').map(({ type }) => type)).toEqual(['mqtt_reachable']);
    expect(story.find(({ type }) => type === 'mqtt_reachable')?.payload).toMatchObject({
      since: expect.any(String),
      until: expect.any(String),
      lasted_s: expect.any(Number),
    });
    expect(incidents()).toEqual([]);
  });

  it('a full disk is one incident, which ends with it', async () => {
    host = { ...wellHost, disks: [{ ...root, usedPct: 95 }] };
    clock.advance(minute);
    await passing('the incident', () => incidents().some((doc) => doc['kind'] === 'disk' && doc.status === 'active'));
    host = wellHost;
    clock.advance(minute);
    await passing('its end', () => incidents().some((doc) => doc['kind'] === 'disk' && doc.status === 'resolved'));
    expect(incidents()).toHaveLength(1);
    expect(incidents()[0]).toMatchObject({
      node: 'piha',
      service: null,
      trigger_type: 'disk_usage_high',
      occurrence_count: 1,
      resolved_by: 'disk_usage_normal',
    });
  });

  it.each(['{"state":"offline"}', 'offline'])('%s from zigbee2mqtt, outside our topics and retained, becomes an incident of its service', async (text) => {
    const { pattern: topic } = topics.zigbeeBridge;
    await mosquittoPub(broker.url, topic, text, { retain: true });
    const since = new Date(clock.now()).toISOString();
    const head = { status: 'healthy', summary: '', ts: since, session: 1, rev: 1 };
    const health = { ...head, node: 'piha', service: 'zigbee2mqtt', reason: 'running', since };
    await mosquittoPub(broker.url, `homelab/${topics.serviceHealth.build({ node: 'piha', service: 'zigbee2mqtt' })}`, JSON.stringify(health), { retain: true });
    await passing('the alarm', () => detail().includes('zigbee-bridge'), 1_000);
    await passing('the incident', () => incidents().some((doc) => doc['kind'] === 'zigbee' && doc['service'] === 'zigbee2mqtt'));
    await mosquittoPub(broker.url, topic, text.replace('offline', 'online'), { retain: true });
    await passing('its end', () => incidents().every((doc) => doc.status === 'resolved'), 1_000);
  });
});
