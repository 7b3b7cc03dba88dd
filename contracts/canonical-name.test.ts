/** Canonical service names: labels, ghosts, leftovers, one-offs, projects that share a name, odd names. */
import { describe, expect, it } from 'vitest';
import { groupByService, isGhost, isServiceContainer, type NamedContainer } from './canonical-name.ts';

const hex = '0123456789abcdef'.repeat(4);
const otherHex = 'fedcba9876543210'.repeat(4);

const container = (
  changes: Partial<NamedContainer> & { readonly service?: string; readonly project?: string; readonly oneOff?: string } = {},
): NamedContainer => {
  const { service, project, oneOff, ...rest } = changes;
  const labels: Record<string, string> = {};
  if (service !== undefined) labels['com.docker.compose.service'] = service;
  if (project !== undefined) labels['com.docker.compose.project'] = project;
  if (oneOff !== undefined) labels['com.docker.compose.oneoff'] = oneOff;
  return { id: hex, name: 'web', labels, status: 'running', ...rest };
};
const groups = (...containers: readonly NamedContainer[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries([...groupByService(containers)].map(([name, group]) => [name, group.map((each) => each.name)]));

describe('the name of a service', () => {
  it('is the compose label, whatever the container is called', () => {
    expect(groups(container({ name: 'shop_web_1', service: 'web', project: 'shop' }))).toEqual({ web: ['shop_web_1'] });
  });

  it('is the name of a container that compose did not make', () => {
    expect(groups(container({ name: 'mosquitto' }))).toEqual({ mosquitto: ['mosquitto'] });
  });

  it('is the same for all containers of a scaled service', () => {
    const one = container({ name: 'shop_web_1', service: 'web', project: 'shop' });
    const two = container({ id: otherHex, name: 'shop_web_2', service: 'web', project: 'shop' });
    expect(groups(one, two)).toEqual({ web: ['shop_web_1', 'shop_web_2'] });
  });

  it('keeps case, dots and underscores', () => {
    expect(groups(container({ name: 'My.App_2' }))).toEqual({ 'My.App_2': ['My.App_2'] });
  });
});

describe('a ghost', () => {
  const ghost = container({ name: `${hex.slice(0, 12)}_web`, status: 'exited' });

  it('is a container whose name begins with its own id', () => {
    expect(isGhost(ghost)).toBe(true);
    expect(groups(ghost)).toEqual({ web: [ghost.name] });
  });

  it('is not a container whose name merely begins with twelve hex digits', () => {
    const named = container({ name: `${otherHex.slice(0, 12)}_web` });
    expect(isGhost(named)).toBe(false);
    expect(groups(named)).toEqual({ [named.name]: [named.name] });
  });

  it('belongs to the service it was made from, after the real container, in whichever order the engine lists them', () => {
    const real = container({ id: otherHex, name: 'web' });
    expect(groups(ghost, real)).toEqual({ web: ['web', ghost.name] });
    expect(groups(real, ghost)).toEqual({ web: ['web', ghost.name] });
  });

  it('goes by its label like any other container', () => {
    const labelled = container({ name: `${hex.slice(0, 12)}_shop_web_1`, service: 'web', project: 'shop' });
    expect(groups(labelled)).toEqual({ web: [labelled.name] });
  });

  it('is not a name of nothing but a prefix', () => {
    expect(isGhost(container({ name: `${hex.slice(0, 12)}_` }))).toBe(false);
  });
});

describe('what is not a service', () => {
  it('is a container that was created and never started', () => {
    expect(isServiceContainer(container({ status: 'created' }))).toBe(false);
    expect(groups(container({ status: 'created' }), container({ id: otherHex, name: 'db' }))).toEqual({ db: ['db'] });
  });

  it('is a `compose run` one-off, however it was labelled', () => {
    expect(groups(container({ name: 'shop_web_run_1', service: 'web', project: 'shop', oneOff: 'True' }))).toEqual({});
    expect(groups(container({ name: 'shop_web_1', service: 'web', project: 'shop', oneOff: 'False' }))).toEqual({ web: ['shop_web_1'] });
  });

  it.each(['exited', 'running', 'paused', 'restarting', 'dead'])('is not decided by the status %s', (status) => {
    expect(isServiceContainer(container({ status }))).toBe(true);
  });

  it.each(['a/b', 'a+b', 'a b', '#', '$SYS', '', 'x'.repeat(129)])('is what cannot stand in a topic: %j', (name) => {
    expect(groups(container({ name }), container({ name: 'odd', service: name }))).toEqual({});
  });

  it('is a service whose project makes its name impossible, and the others stay', () => {
    const odd = container({ name: 'one', service: 'db', project: 'my project' });
    const fine = container({ id: otherHex, name: 'two', service: 'db', project: 'shop' });
    expect(groups(odd, fine)).toEqual({ 'shop-db': ['two'] });
  });
});

describe('two projects on one host', () => {
  const shopDb = container({ name: 'shop_db_1', service: 'db', project: 'shop' });
  const blogDb = container({ id: otherHex, name: 'blog_db_1', service: 'db', project: 'blog' });
  const shopWeb = container({ name: 'shop_web_1', service: 'web', project: 'shop' });

  it('are told apart where they use one service name, and only there', () => {
    expect(groups(shopDb, shopWeb, blogDb)).toEqual({ 'shop-db': ['shop_db_1'], web: ['shop_web_1'], 'blog-db': ['blog_db_1'] });
  });

  it('do not depend on the order in which the engine lists them', () => {
    expect(groups(blogDb, shopDb)).toEqual(groups(shopDb, blogDb));
  });

  it('leave the plain name to a container without a project', () => {
    expect(groups(shopDb, container({ id: otherHex, name: 'db' }))).toEqual({ 'shop-db': ['shop_db_1'], db: ['db'] });
  });

  it('are not two when the second is only a leftover that never ran', () => {
    expect(groups(shopDb, { ...blogDb, status: 'created' })).toEqual({ db: ['shop_db_1'] });
  });
});
