/** Troubles of containers and of the engines that run them. */
import type { Trouble } from './trouble.ts';

const containerDeeds = ['crash', 'crash', 'stop', 'kill', 'flap', 'oom', 'unhealthy', 'healthy', 'start', 'recreate'] as const;

/** What others need has its troubles more often: what follows from them is worth more. */
const neededShare = 0.4;

export function container(trouble: Trouble): void {
  const { random } = trouble;
  const { engine, name, containers } = trouble.machine();
  const { world } = engine;
  if (engine.isOff || containers.length === 0) return;
  const { needed } = trouble.site;
  const first = containers.filter((each) => needed.has(`${name}/${each.name}`));
  const subject = random.pick(first.length > 0 && random.chance(neededShare) ? first : containers);
  const deed = random.pick(containerDeeds);
  trouble.say(`container ${subject.name} on ${name}: ${deed} (it is ${subject.status})`);
  const isUp = subject.status === 'running';
  if (deed === 'crash' && isUp) world.die(subject, 1);
  else if (deed === 'stop') world.stop(subject);
  else if (deed === 'kill' && isUp) world.kill(subject, 9);
  else if (deed === 'flap' || deed === 'oom') world.setFault(subject, deed);
  else if ((deed === 'unhealthy' || deed === 'healthy') && isUp && subject.health !== null) world.setHealth(subject, deed);
  else if (deed === 'start' && subject.status === 'exited') world.start(subject);
  else if (deed === 'recreate') {
    world.remove(subject);
    const recreate = (): void => {
      if (!trouble.removed.delete(recreate)) return;
      world.add({ ...subject.given, upForMs: 0 });
      const added = world.find(subject.name);
      if (added !== undefined) world.say('start', added);
    };
    trouble.removed.add(recreate);
    trouble.later(1_000, 120_000, recreate);
  }
}

/** From a disk that is slow to an engine that does not come back by itself for minutes. */
export function engineHang(trouble: Trouble): void {
  const { engine, name } = trouble.machine();
  trouble.say(`the engine of ${name} hangs`);
  engine.hang();
  trouble.later(3_000, trouble.random.chance(0.7) ? 120_000 : 420_000, () => {
    trouble.say(`the engine of ${name} answers`);
    engine.unhang();
  });
}

export function streamGap(trouble: Trouble): void {
  const machine = trouble.machine();
  const isTold = trouble.random.chance(0.5);
  trouble.say(`events of the engine of ${machine.name} get lost`);
  machine.beginGap();
  trouble.later(2_000, 90_000, () => {
    trouble.say(`events of the engine of ${machine.name} come again${isTold ? ', on a new stream' : ''}`);
    machine.endGap(isTold);
  });
}

export function hungControl(trouble: Trouble): void {
  const { random } = trouble;
  const machine = trouble.machine();
  machine.controlFault = random.pick(['silent', 'deaf', random.between(20_000, 240_000)]);
  trouble.say(`the next restart or clean-up on ${machine.name} is ${String(machine.controlFault)}`);
}
