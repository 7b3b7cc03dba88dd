/** The demo cannot reach a real container: nothing that its composition imports, however far, talks to an engine; and all it shows is marked. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { simulatedHomelab } from '../../adapters/simulated/homelab.table.ts';
import { composeDemo } from '../../cli/demo/compose.ts';
import { builtInHomelab, demoHomelab } from '../../cli/demo/homelab.ts';
import { demoSettings } from '../../cli/demo/run-demo.ts';
import { readSettings } from '../../cli/settings.ts';
import { actionId } from '../../contracts/action.ts';
import { NodeName, ServiceName } from '../../contracts/common.ts';
import { projectRoot } from '../tidy/planted-tree.ts';

/** Files and packages that a file brings into the process, itself included; types bring nothing. */
function reaches(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^;]*?\sfrom\s)?\s*'([^']+)';/gms);
  const lazily = text.matchAll(/\bimport\('([^']+)'\)/g);
  for (const [, target = ''] of [...statements, ...lazily]) {
    if (target.startsWith('.')) reaches(relative(projectRoot, join(projectRoot, dirname(file), target)), seen);
    else seen.add(target);
  }
  return seen;
}

describe('the composition of the demo', () => {
  const engines = ['dockerode', 'adapters/docker/engine.ts', 'adapters/docker/watch.ts', 'adapters/docker/control.ts', 'adapters/host/metrics.ts'];

  it('imports nothing that reaches a container engine, while that of the real program does', () => {
    const demo = new Set([...reaches('cli/demo/compose.ts'), ...reaches('cli/demo/run-demo.ts')]);
    expect(engines.filter((each) => demo.has(each))).toEqual([]);
    expect(demo).toContain('actors/executor/actor.ts');
    expect(demo).toContain('adapters/simulated/control.ts');
    const real = reaches('cli/compose.ts');
    expect(engines.filter((each) => !real.has(each))).toEqual([]);
    expect([...real].filter((each) => each.startsWith('adapters/simulated/'))).toEqual([]);
  });

  it('does not know where an engine would be', () => {
    const nodes = composeDemo(builtInHomelab, readSettings({ HOMELAB_INCIDENT_GRACE_S: '1', HOMELAB_VERIFY_WINDOW_S: '1' }));
    expect(nodes.map(({ machine }) => machine.name)).toEqual(['vps', 'piha', 'solaria', 'chelsty-infra']);
    const actors = nodes.map(({ modules }) => modules().map(({ name }) => name));
    expect(actors).toEqual([
      ['inventory', 'observer', 'ledger', 'supervisor', 'ha-discovery', 'operator-ui', 'node-agent', 'executor', 'stability-agent'],
      ['node-agent', 'executor', 'stability-agent'],
      ['node-agent', 'executor', 'stability-agent'],
      ['node-agent', 'executor', 'stability-agent'],
    ]);
    for (const { machine } of nodes) machine.engine.close();
  });

  it('keeps what it remembers apart, and refuses a broker that others use', () => {
    const settings = readSettings({ HOMELAB_ROOT: '/srv/homelab' });
    expect(demoSettings(settings).dataRoot).toBe('/srv/homelab/demo');
    expect(() => demoSettings(readSettings({ HOMELAB_BROKER_URL: 'mqtt://192.0.2.1:1883' }))).toThrow(/unset HOMELAB_BROKER_URL/);
  });
});

describe('the demo homelab', () => {
  it('has names that fit the contracts, one action id each, and images that say what they are', () => {
    const services = simulatedHomelab.flatMap((node) => node.services.map((service) => ({ node: node.name, ...service })));
    for (const { node, name, image } of services) {
      expect([NodeName.safeParse(node).success, ServiceName.safeParse(name).success]).toEqual([true, true]);
      expect(image).toMatch(/^simulated\//);
    }
    const ids = services.map(({ node, name }) => actionId({ type: 'container_restart', node, service: name }));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is counted in the guide as the demo counts it', async () => {
    const { nodes, unwatched } = await demoHomelab({ inventoryDir: projectRoot, site: 'hub' });
    const names = (all: readonly { readonly name: string }[]): string => all.map(({ name }) => name).join(', ');
    const guide = readFileSync(join(projectRoot, 'docs/guide.md'), 'utf8');
    expect(guide).toContain(`  nodes    ${names(nodes)} (${nodes.flatMap(({ services }) => services).length} containers, all made up)\n`);
    expect(guide).toContain(`  besides  ${names(unwatched)}: declared, and not watched by anybody\n`);
  });
});
