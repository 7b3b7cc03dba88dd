/** Troubles of machines: power, network, clock, and what a stability-agent looks at. */
import { fillingBytes } from './host.ts';
import type { Trouble } from './trouble.ts';

/** A clock without NTP drifts seconds a day; one that was set wrong is minutes off. */
const skewMaxMs = 180_000;
/** Older than what a clean-up leaves alone. */
const imageAgeMs = 7_200_000;

export function power(trouble: Trouble): void {
  const { site } = trouble;
  const machine = trouble.machine();
  trouble.say(`${machine.name} loses its power`);
  machine.engine.powerOff();
  if (machine.name === site.uplinkNode) site.uplink?.forsake();
  const processes = site.processes.filter(({ node }) => node === machine.name);
  for (const process of processes) trouble.down(process, true, null);
  trouble.later(5_000, 150_000, () => {
    trouble.say(`${machine.name} has power`);
    machine.engine.powerOn();
    for (const process of processes) trouble.revive(process);
  });
}

export function netsplit(trouble: Trouble): void {
  const { site } = trouble;
  const machine = trouble.machine();
  trouble.say(`${machine.name} is cut off`);
  site.cutOff(machine);
  trouble.later(5_000, 300_000, () => {
    trouble.say(`${machine.name} is reachable`);
    machine.isCutOff = false;
  });
}

export function clockJump(trouble: Trouble): void {
  trouble.setClock(trouble.machine(), trouble.random.between(-skewMaxMs, skewMaxMs));
}

/** By images and build caches, which a clean-up removes, or by what programs write, until somebody deletes that. */
export function diskFills(trouble: Trouble): void {
  const { random } = trouble;
  const { engine, host, clock, name } = trouble.machine();
  const isRemovable = random.chance(0.6);
  trouble.say(`the disk of ${name} fills with ${isRemovable ? 'images' : 'data'}`);
  if (!isRemovable) {
    host.writtenBytes = fillingBytes;
    trouble.later(60_000, 400_000, () => {
      host.writtenBytes = 0;
    });
    return;
  }
  const cacheBytes = random.chance(0.3) ? fillingBytes / 4 : 0;
  engine.danglingImages.push({ bytes: fillingBytes - cacheBytes, createdMs: clock.now() - imageAgeMs });
  engine.buildCacheBytes += cacheBytes;
}

export function memory(trouble: Trouble): void {
  const { host, name } = trouble.machine();
  host.thrashingPct = trouble.random.pick([15, 60]);
  trouble.say(`programs of ${name} wait for memory ${host.thrashingPct} % of the time`);
  trouble.later(100_000, 400_000, () => {
    host.thrashingPct = 0;
  });
}

export function tailnet(trouble: Trouble): void {
  const members = trouble.site.machines.filter(({ shape }) => shape.hasTailnet);
  if (members.length === 0) return;
  const { host, name } = trouble.random.pick(members);
  host.tailnet = trouble.random.pick(['stopped', 'silent', 'peer-away']);
  trouble.say(`the tailnet of ${name}: ${host.tailnet}`);
  trouble.later(60_000, 400_000, () => {
    host.tailnet = 'up';
  });
}

/** Brokers that a stability-agent tries by a message there and back: the own one, while word of it has another way, and that of another site. */
export function roundTrips(trouble: Trouble): void {
  const tried = trouble.site.machines.flatMap(({ host, name, shape }) => [
    ...(shape.hasBroker ? [{ host, name, which: 'isBrokerMute' as const }] : []),
    ...(shape.hasUpstream ? [{ host, name, which: 'isUpstreamAway' as const }] : []),
  ]);
  if (tried.length === 0) return;
  const { host, name, which } = trouble.random.pick(tried);
  trouble.say(`${which === 'isBrokerMute' ? 'the broker on' : 'the broker upstream of'} ${name} answers nobody`);
  host[which] = true;
  trouble.later(60_000, 500_000, () => {
    host[which] = false;
  });
}

export function homeAssistant(trouble: Trouble): void {
  const { homeAssistant: subject } = trouble.site;
  if (subject === null) return;
  const isHanging = trouble.random.chance(0.5);
  trouble.say(isHanging ? 'Home Assistant hangs' : 'Home Assistant has a trouble');
  if (!isHanging) {
    subject.complain(trouble.random);
    return;
  }
  subject.isHung = true;
  trouble.later(30_000, 500_000, () => {
    subject.isHung = false;
  });
}

export function wrongClocks(trouble: Trouble): void {
  for (const machine of trouble.site.machines) if (trouble.random.chance(0.25)) trouble.setClock(machine, trouble.random.between(-skewMaxMs, skewMaxMs));
}
