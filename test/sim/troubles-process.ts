/** Troubles of processes and of their connections: deaths, the broker's own, and slow disks. */
import type { SimProcess } from './process.ts';
import type { Trouble } from './trouble.ts';

/** A process that is killed in the act dies within so many writes and publishes. */
const actsMax = 12;

/** One of ten processes of its site, and the only one between two stores: it has more than its share. */
const bridgeShare = 0.35;

function victim({ random, site }: Trouble): SimProcess {
  return site.uplink !== null && random.chance(bridgeShare) ? site.processOf('bridge') : random.pick(site.processes);
}

export function kill(trouble: Trouble): void {
  trouble.down(victim(trouble), trouble.random.chance(0.5));
}

export function killInTheAct(trouble: Trouble): void {
  const { random } = trouble;
  const process = victim(trouble);
  let left = random.between(1, actsMax);
  const powerCut = random.chance(0.5);
  // It publishes much more than it writes, and what it has on disk is what others let go of.
  const isOnDisk = process.name === 'bridge' && random.chance(0.5);
  process.trap = (what) => {
    if (isOnDisk && what.startsWith('publish')) return;
    left -= 1;
    if (left > 0) return;
    trouble.say(`${process.login} is about to ${what}`);
    trouble.down(process, powerCut);
  };
}

export function brokerRestart(trouble: Trouble): void {
  const { random, site } = trouble;
  const lose = { retained: random.chance(0.6), sessions: random.chance(0.5) };
  trouble.say(`the broker dies${lose.retained ? ', and loses what it retained' : ''}${lose.sessions ? ', and its sessions' : ''}`);
  site.broker.stop(lose);
  trouble.later(100, random.chance(0.7) ? 3_000 : 90_000, () => {
    trouble.say('the broker is back');
    site.broker.start();
  });
}

export function cut(trouble: Trouble): void {
  const { random, site } = trouble;
  const { login } = random.pick(site.processes);
  if (login.startsWith('bridge-')) {
    trouble.say(`the connection of ${login} that it carries by breaks`);
    site.disconnect(login, 'near');
    return;
  }
  const isQueue = random.chance(0.3) && (login.startsWith('observer-') || login.startsWith('supervisor-'));
  trouble.say(`the ${isQueue ? 'queued connection' : 'connection'} of ${login} breaks`);
  site.disconnect(login, isQueue ? 'queue' : 'own');
}

export function slowDisk(trouble: Trouble): void {
  const process = victim(trouble);
  trouble.say(`the disk of ${process.login} is slow`);
  process.setSlowness(1);
  trouble.later(10_000, 120_000, () => {
    process.setSlowness(0.1);
  });
}
