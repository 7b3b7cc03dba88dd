/** The two engines a rig can stand on: one that records effects, and a real one. */
import { startDockerd } from './dockerd.ts';
import type { RigEngine } from './kill-rig.ts';
import { startStandIn } from './stand-in-engine-process.ts';

const labels = (service: string) => ({ 'com.docker.compose.service': service, 'com.docker.compose.project': 'lab' });

export async function standInRigEngine(): Promise<RigEngine & { close(): Promise<void> }> {
  const engine = await startStandIn();
  return {
    dockerHost: `unix://${engine.socketPath}`,
    add: async (service) => {
      await engine.script({ do: 'add', container: { name: service, labels: labels(service), healthTest: ['CMD', 'true'] } });
      await engine.script({ do: 'start', container: service });
    },
    crash: (service) => engine.script({ do: 'crash', container: service, exitCode: 1 }),
    heal: (service) => engine.script({ do: 'start', container: service }),
    restarts: (service) => Promise.resolve(engine.effects().filter((each) => each.container === service && each.effect !== 'exec').length),
    close: () => engine.stop(),
  };
}

/** A private dockerd; containers have a health check, so that they count as healthy after a second. */
export async function realRigEngine(): Promise<RigEngine & { close(): Promise<void> }> {
  const engine = await startDockerd();
  const image = await engine.importBusybox();
  return {
    dockerHost: `unix://${engine.socketPath}`,
    add: async (service) => {
      const health = ['--health-cmd', '/bin/busybox true', '--health-interval', '1s'];
      const given = Object.entries(labels(service)).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
      await engine.docker(
        'run',
        '-d',
        '--name',
        service,
        '--network',
        'none',
        ...given,
        ...health,
        image,
        '/bin/busybox',
        'sh',
        '-c',
        'trap "exit 0" TERM; while :; do sleep 0.2; done',
      );
    },
    crash: async (service) => void (await engine.docker('kill', service)),
    heal: async (service) => void (await engine.docker('start', service)),
    restarts: async (service) => {
      const filters = ['--filter', `container=${service}`, '--filter', 'event=restart'];
      const said = await engine.docker('events', '--since', '2020-01-01T00:00:00Z', '--until', new Date().toISOString(), ...filters, '--format', '{{.Action}}');
      return said.split('\n').filter(Boolean).length;
    },
    close: () => engine.stop(),
  };
}
