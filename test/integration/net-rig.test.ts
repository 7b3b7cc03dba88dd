/** The test kit's link between two network namespaces: that it does what its names say, as TCP and MQTT clients see it, and leaves nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { isAlive } from '../kit/dockerd-sandbox.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { linkProfiles } from '../kit/link-shape.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { brokerMakes } from '../kit/net-broker.ts';
import type { Traffic } from '../kit/net-link.ts';
import { processesIn } from '../kit/net-namespace.ts';
import { addresses, haveNetRig, NetRig } from '../kit/net-rig.ts';
import { waitFor } from '../kit/wait.ts';

const { wire } = linkProfiles;
const delayed = (delayMs: number) => ({ up: { ...wire.up, delayMs }, down: { ...wire.down, delayMs } });

/** One end of a connection, and what has happened to it. */
class Line {
  readonly socket: Socket;
  text = '';
  /** `ECONNRESET`, …, or `end`. */
  ending: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.text += text;
      socket.emit('change');
    });
    const ended = (how: string): void => {
      this.ending ??= how;
      socket.emit('change');
    };
    socket.on('error', (error) => ended('code' in error ? String(error.code) : error.message));
    socket.on('end', () => ended('end'));
  }

  async hears(text: string): Promise<void> {
    await waitFor(`"${text}" to arrive`, () => this.text.includes(text), { emitter: this.socket, deadlineMs: 20_000, state: () => [this.text, this.ending] });
  }

  async ends(): Promise<string> {
    return waitFor('the end of the connection', () => this.ending, { emitter: this.socket, deadlineMs: 20_000 });
  }
}

describe.skipIf(!haveNetRig())('a link between two network namespaces', () => {
  let rig: NetRig;
  /** Connections from the site arrive here, at the hub. */
  const port = 7_000;
  const accepted: Line[] = [];

  beforeAll(async () => {
    rig = await NetRig.open({ lan: true });
    const server = await rig.hub.listen(addresses.hub, port);
    server.on('connection', (socket) => {
      accepted.push(new Line(socket));
      server.emit('change');
    });
  });
  afterAll(async () => {
    await rig.close();
  });

  /** Both ends of a new connection from the site to the hub. */
  async function dial(): Promise<{ readonly site: Line; readonly hub: Line }> {
    const before = accepted.length;
    const site = new Line(await rig.site.connect(addresses.hub, port));
    const hub = await waitFor('the hub to accept', () => accepted[before]);
    return { site, hub };
  }

  /** An acknowledgement may wait for 200 ms for something to go with (tcp(7), delayed acknowledgement). */
  async function idle(): Promise<Traffic> {
    let last = rig.uplink.traffic();
    let sinceMs = performance.now();
    await waitFor('the link to be idle', () => {
      const now = rig.uplink.traffic();
      if (JSON.stringify(now) !== JSON.stringify(last)) sinceMs = performance.now();
      last = now;
      return performance.now() - sinceMs > 250;
    });
    return last;
  }

  describe('has a profile', () => {
    it('each way takes at least the delay, also after it was changed', async () => {
      onTestFinished(() => rig.uplink.setProfile(wire));
      for (const delayMs of [60, 120]) {
        await rig.uplink.setProfile(delayed(delayMs));
        const { site, hub } = await dial();
        const askedAtMs = performance.now();
        site.socket.write('ping');
        await hub.hears('ping');
        const arrivedAtMs = performance.now();
        hub.socket.write('pong');
        await site.hears('pong');
        expect(arrivedAtMs - askedAtMs).toBeGreaterThanOrEqual(delayMs);
        expect(performance.now() - arrivedAtMs).toBeGreaterThanOrEqual(delayMs);
        site.socket.destroy();
      }
    });

    it('takes at least the time that its rate asks for, in that direction only', async () => {
      const { site, hub } = await dial();
      await rig.uplink.setProfile({ up: { ...wire.up, kbitPerS: 1_000 }, down: wire.down });
      onTestFinished(() => rig.uplink.setProfile(wire));
      const startedAtMs = performance.now();
      // 50,000 bytes are 400 ms at 1 Mbit/s, without headers.
      site.socket.write(`${'.'.repeat(50_000)}last`);
      await hub.hears('last');
      expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(400);
    });

    it('loses packets, which TCP sends again', async () => {
      const { site, hub } = await dial();
      await rig.uplink.setProfile({ up: { ...wire.up, loss: 0.1 }, down: wire.down });
      onTestFinished(() => rig.uplink.setProfile(wire));
      const before = rig.uplink.traffic();
      // 100 segments and more: that none of them is lost has a chance of 1 in 40,000, and the seed does not draw it.
      site.socket.write(`${'.'.repeat(150_000)}last`);
      await hub.hears('last');
      await idle();
      const { up, down } = rig.uplink.traffic(before);
      expect(up.sent.packets).toBeGreaterThan(up.delivered.packets);
      expect(down.sent).toEqual(down.delivered);
    });
  });

  it('counts every byte with its headers, and an idle link carries none', async () => {
    const { site, hub } = await dial();
    const before = await idle();
    site.socket.write('x'.repeat(1_000));
    await hub.hears('x'.repeat(1_000));
    await waitFor('the acknowledgement', () => rig.uplink.traffic(before).down.delivered.packets > 0);
    await idle();
    // One segment and its acknowledgement, each with 20 bytes of IP, 20 of TCP and 12 of TCP's time stamps.
    const [segment, acknowledgement] = [
      { bytes: 1_052, packets: 1 },
      { bytes: 52, packets: 1 },
    ];
    expect(rig.uplink.traffic(before)).toEqual({
      up: { sent: segment, delivered: segment },
      down: { sent: acknowledgement, delivered: acknowledgement },
    });
  });

  describe('is cut', () => {
    it('cleanly: both ends are told, new connections are refused until it is restored', async () => {
      const { site, hub } = await dial();
      site.socket.write('hello');
      await hub.hears('hello');
      await rig.uplink.cut('clean');
      onTestFinished(() => rig.uplink.restore());
      expect(await site.ends()).toBe('ECONNRESET');
      expect(await hub.ends()).toBe('ECONNRESET');
      await expect(rig.site.connect(addresses.hub, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await rig.uplink.restore();
      await dial();
    });

    it('silently: nobody is told, nothing passes, and the same connection goes on when it is restored', async () => {
      const { site, hub } = await dial();
      await rig.uplink.cut('silent');
      onTestFinished(() => rig.uplink.restore());
      const before = rig.uplink.traffic();
      site.socket.write('into the void');
      await expect(rig.site.connect(addresses.hub, port, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      await waitFor('the kernel to send it again', () => rig.uplink.traffic(before).up.sent.packets >= 3);
      expect(rig.uplink.traffic(before).up.delivered.packets).toBe(0);
      expect([site.ending, hub.ending, hub.text]).toEqual([null, null, '']);
      await rig.uplink.restore();
      await hub.hears('into the void');
    });

    it('half-open: the deaf end hears no more, is heard, and is told nothing; new connections work', async () => {
      const { site, hub } = await dial();
      await rig.uplink.halfOpen('site');
      site.socket.write('still there?');
      await hub.hears('still there?');
      const before = rig.uplink.traffic();
      hub.socket.write('yes');
      await waitFor('the kernel to send it again', () => rig.uplink.traffic(before).down.sent.packets >= 2);
      expect([site.ending, hub.ending, site.text]).toEqual([null, null, '']);
      const next = await dial();
      next.hub.socket.write('welcome back');
      await next.site.hears('welcome back');
    });

    it('half-open: a process that is killed behind a silent link is missed by nobody until its silence is noticed', async () => {
      const server = rig.hub.spawn([process.execPath, '-e', `require('net').createServer((s) => s.write('hi')).listen(7001)`], { stdio: 'ignore' });
      const gone = once(server, 'exit');
      await waitFor('the server to listen', () => rig.hub.listens(7_001));
      const site = new Line(await rig.site.connect(addresses.hub, 7_001));
      await site.hears('hi');
      await rig.uplink.cut('silent');
      server.kill('SIGKILL');
      await gone;
      await rig.uplink.halfOpen('site');
      await rig.uplink.restore();
      const before = rig.uplink.traffic();
      site.socket.write('anybody?');
      await waitFor('the hub to answer that nobody is there', () => rig.uplink.traffic(before).down.sent.packets > 0);
      await waitFor('the kernel to send it again', () => rig.uplink.traffic(before).up.sent.packets >= 2);
      expect(site.ending).toBeNull();
    });
  });

  it('is no way for the network behind the site', async () => {
    const server = await rig.site.listen(addresses.siteOnLan, 7_002);
    server.on('connection', (socket) => socket.end('hello'));
    const line = new Line(await rig.lan.connect(addresses.siteOnLan, 7_002));
    await line.hears('hello');
    await expect(rig.lan.connect(addresses.hub, port)).rejects.toMatchObject({ code: 'ENETUNREACH' });
  });

  it('is an error when a program inside cannot be reached or started', async () => {
    await expect(rig.hub.connect(addresses.hub, 9)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(rig.hub.listen(addresses.site, 7_003)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
    if (!haveMosquitto()) return;
    await expect(rig.broker('hub', 'mosquitto', { host: addresses.site })).rejects.toThrow('mosquitto in hub did not start');
    const configuration = (_: unknown, debian: readonly string[]): readonly string[] => [...debian, 'colour blue'];
    await expect(rig.broker('hub', 'mosquitto', { configuration })).rejects.toThrow('Unknown configuration variable');
  });

  const available = { mosquitto: haveMosquitto(), aedes: true };
  describe.each(brokerMakes)('between two %s brokers', (make) => {
    it.skipIf(!available[make])('lets the test reach each of them, and one side the broker of the other', async () => {
      const port = make === 'aedes' ? 1_884 : 1_883;
      const [, atSite] = await Promise.all([rig.broker('hub', make, { port }), rig.broker('site', make, { port })]);
      const clientOf = async (door: { readonly url: string }, clientId: string) => TestClient.connect(transportTo(door.url), { clientId });
      const hub = await clientOf(await rig.hub.forward('127.0.0.1', port), 'at-the-hub');
      const through = await clientOf(await rig.site.forward(addresses.hub, port), 'from-the-site');
      await hub.link.subscribe(['#']);
      await through.link.publish('news', 'from afar', { retain: false });
      await hub.until('from afar');
      await rig.uplink.cut('clean');
      expect(await through.closed()).toBeInstanceOf(Error);
      expect(hub.closings).toEqual([]);
      await rig.uplink.restore();

      const door = await rig.site.forward('127.0.0.1', port);
      const retained = async (): Promise<readonly string[]> => {
        const reader = await clientOf(door, 'reader');
        await reader.link.subscribe(['#']);
        await reader.link.publish('fence', 'fence', { retain: false });
        await reader.until('fence');
        await reader.link.close();
        return reader.texts.slice(0, -1);
      };
      const writer = await clientOf(door, 'writer');
      await writer.link.publish('kept', 'document', { retain: true });
      await atSite.stop();
      await atSite.start('kept');
      expect(await retained()).toEqual(['document']);
      await atSite.kill9();
      expect(await writer.closed()).toBeInstanceOf(Error);
      await atSite.start('empty');
      expect(await retained()).toEqual([]);
    });
  });

  it.skipIf(!haveMosquitto())('has homelab at the site, on a broker of the hub', async () => {
    buildBundle();
    const broker = await rig.broker('hub', 'mosquitto', { port: 1_885 });
    const machine = rig.machine('site', { HOMELAB_BROKER_URL: `mqtt://${addresses.hub}:${broker.port}`, NODE_NAME: 'edge' });
    const before = rig.uplink.traffic();
    const ledger = await machine.run('ledger');
    expect(rig.uplink.traffic(before).up.delivered.bytes).toBeGreaterThan(0);
    expect(processesIn(rig.site.id)).toContain(ledger.child.pid);
    await ledger.kill9();
    expect(ledger.child.signalCode).toBe('SIGKILL');
  });
});

/** A test process: opens a rig with a program in it and waits to be killed. */
const victim = `
import { NetRig } from ${JSON.stringify(new URL('../kit/net-rig.ts', import.meta.url).href)};
const rig = await NetRig.open();
const program = rig.site.spawn(['sleep', '1000']);
await rig.hub.listen('127.0.0.1', 7000);
console.log(JSON.stringify({ ids: [rig.hub.id, rig.site.id], pid: program.pid, directory: rig.directory }));
setInterval(() => {}, 1000);
`;

describe.skipIf(!haveNetRig())('a rig leaves nothing', () => {
  const named = (): readonly string[] => (existsSync('/run/netns') ? readdirSync('/run/netns') : []);

  it('when it is closed, twice and with everything still running', async () => {
    const before = [Object.keys(networkInterfaces()), named()];
    const rig = await NetRig.open({ lan: true });
    const { pid = 0 } = rig.hub.spawn(['sleep', '1000'], { stdio: 'ignore' });
    // A grandchild that nobody here knows of.
    const shell = rig.site.spawn(['sh', '-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [output] = (await once(shell.stdout!, 'data')) as [Buffer];
    expect([Object.keys(networkInterfaces()), named()]).toEqual(before);
    await rig.close();
    await rig.close();
    expect([rig.hub, rig.site, rig.lan].flatMap(({ id }) => processesIn(id))).toEqual([]);
    expect(isAlive(pid)).toBe(false);
    expect(isAlive(Number(output.toString()))).toBe(false);
    expect(existsSync(rig.directory)).toBe(false);
    await expect(rig.uplink.restore()).rejects.toThrow('the relay of the link ended');
  });

  it('when its test is killed: what ran inside ends with it, the directory is swept by the next rig', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', victim], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { ids, pid, directory } = JSON.parse(line.toString()) as { ids: string[]; pid: number; directory: string };
    expect(isAlive(pid)).toBe(true);
    expect(ids.every((id) => processesIn(id).length > 0)).toBe(true);
    child.kill('SIGKILL');
    await waitFor('everything inside to end', () => ids.every((id) => processesIn(id).length === 0) && !isAlive(pid));
    expect(existsSync(directory)).toBe(true);
    const next = await NetRig.open();
    await next.close();
    expect(existsSync(directory)).toBe(false);
  });
});
