import { describe, expect, it } from 'vitest';
import { DesiredNode } from '../../contracts/desired.ts';
import { desiredNode, minuteMs, TestDesk } from '../../test/kit/ledger-desk.ts';
import { summaryOf } from './wording.ts';

const supervisor = 'supervisor-vps';
const restart = (service: string, more: object = {}): object => ({ type: 'container_restart', node: 'vps', service, ...more });

/** vps, whose service web says something more. */
const withService = (rest: object): ReturnType<typeof desiredNode> => {
  const node = desiredNode({ node: 'vps' });
  return { ...node, services: node.services.map((service) => (service.name === 'web' ? { ...service, ...rest } : service)) };
};

describe('a proposal', () => {
  it('becomes an action that says what it is and waits', () => {
    const desk = TestDesk.ready();
    const evidence = { trigger_type: 'containers_not_running', message: 'web is down: exit 137', incident_id: 'inc-1' };
    expect(desk.ask(supervisor, 'pending', restart('web', { evidence }))).toMatchObject({ ok: true, code: 'proposed', id: 'container-restart-vps-web' });
    const record = desk.action('container-restart-vps-web');
    expect(record).toMatchObject({ state: 'pending', attempt: 1, risk: 'low', site: 'hub', proposed_by: supervisor, verify_window_ms: 120_000, evidence });
    expect(record.digest).toMatch(/^[0-9a-f]{16}$/);
    expect(summaryOf(record)).toBe('restart web on vps: waiting for a yes (web is down: exit 137)');
  });

  it('has a digest that follows its parameters and not their order or its evidence', () => {
    const digest = (more: object): string => {
      const desk = TestDesk.ready();
      desk.ask(supervisor, 'pending', { type: 'redeploy', node: 'vps', service: 'web', ...more });
      return desk.action('redeploy-vps-web').digest;
    };
    expect(digest({ params: { a: 1, b: { c: 2, d: 3 } } })).toBe(digest({ params: { b: { d: 3, c: 2 }, a: 1 }, evidence: { message: 'else' } }));
    expect(digest({ params: { a: 1 } })).not.toBe(digest({ params: { a: 2 } }));
  });

  it('can not state its own risk, and takes the verify window of the service', () => {
    const desk = TestDesk.ready();
    desk.desired(desiredNode({ node: 'vps', verifyWindowMs: 300_000 }));
    desk.ask(supervisor, 'pending', { type: 'redeploy', node: 'vps', service: 'web', risk: 'low', verify_window_ms: 1, evidence: { code: 'no_executor' } });
    expect(desk.action('redeploy-vps-web')).toMatchObject({ risk: 'guarded', verify_window_ms: 300_000 });
    expect(desk.action('redeploy-vps-web').evidence).not.toHaveProperty('code');
  });

  it.each([
    [{ type: 'reboot', node: 'vps' }, 'unknown_type'],
    [{ type: 'container_restart', node: 'vps' }, 'service_needed'],
    [{ type: 'disk_cleanup', node: 'vps', service: 'web' }, 'bad_request'],
    [{ type: 'container_restart', node: 'saturn', service: 'web' }, 'unknown_node'],
    [{ type: 'container_restart', node: 'vps', service: 'nextcloud' }, 'unknown_service'],
    [{ type: 'container_restart', node: 'vps', service: 'web', params: { text: 'x'.repeat(2_000) } }, 'bad_request'],
    [{ type: 'alert_only', node: 'vps', service: 'x'.repeat(120) }, 'bad_request'],
    [{ type: 'deploy_service', node: 'vps', service: 'web' }, 'not_supported'],
    [{ type: 'rollback', node: 'vps', service: 'web' }, 'not_supported'],
  ])('%j is refused with %s', (request, code) => {
    const desk = TestDesk.ready();
    for (const requester of [supervisor, 'alice']) expect(desk.ask(requester, 'pending', request)).toMatchObject({ ok: false, code });
    expect(desk.entries).toEqual([]);
  });

  it('of a notice, or of a look at something, may name a service that nobody declared', () => {
    const desk = TestDesk.ready();
    expect(desk.ask('alice', 'pending', { type: 'collect_diagnostics', node: 'vps', service: 'stray' })?.code).toBe('proposed');
    expect(desk.ask('alice', 'pending', { type: 'alert_only', node: 'vps' })?.id).toBe('alert-only-vps');
  });

  it('for a node without an executor becomes a notice that says what a person would have to do', () => {
    const desk = TestDesk.ready();
    desk.desired(desiredNode({ node: 'piha', agents: ['node-agent'] }));
    expect(
      desk.ask(supervisor, 'pending', { type: 'container_restart', node: 'piha', service: 'web', evidence: { trigger_type: 'containers_not_running' } })?.id,
    ).toBe('alert-only-piha-web');
    expect(desk.action('alert-only-piha-web')).toMatchObject({
      type: 'alert_only',
      params: { wanted: 'container_restart' },
      evidence: { code: 'no_executor', trigger_type: 'containers_not_running', message: 'no executor on piha; by hand: restart web on piha.' },
    });
  });

  it('for a service that docker-compose does not run becomes a notice too', () => {
    const desk = TestDesk.ready();
    desk.desired(withService({ repairable: false }));
    expect(desk.ask(supervisor, 'pending', restart('web'))?.id).toBe('alert-only-vps-web');
    expect(desk.action('alert-only-vps-web').evidence).toMatchObject({
      code: 'no_executor',
      message: 'web on vps is not run by docker-compose; by hand: restart web on vps.',
    });
  });

  it('of a restart is as risky as its service is declared to be, and an approval of the lesser risk does not bind to the greater', () => {
    const desk = TestDesk.ready();
    desk.ask(supervisor, 'pending', restart('web'));
    const { digest } = desk.action('container-restart-vps-web');
    desk.desired(withService({ repair_risk: 'guarded' }));
    expect(desk.ask(supervisor, 'pending', restart('web'))?.code).toBe('replaced');
    expect(desk.action('container-restart-vps-web')).toMatchObject({ risk: 'guarded', attempt: 2 });
    expect(desk.ask('alice', 'approved', { id: 'container-restart-vps-web', digest })?.code).toBe('digest_mismatch');
  });

  it('for a foreign name of a node is about that node', () => {
    const desk = TestDesk.ready();
    desk.desired({ ...desiredNode({ node: 'vps' }), aliases: ['node-1'] });
    expect(desk.ask('alice', 'pending', { type: 'container_restart', node: 'node-1', service: 'web' })?.id).toBe('container-restart-vps-web');
    expect(desk.maintain('alice', { node: 'node-1', until: '2026-03-01T13:00:00.000Z', reason: 'disk swap' })?.summary).toContain('Maintenance of vps');
  });

  it('repeated every ten seconds for an hour changes the journal at most once a minute and the attempt never', () => {
    const desk = TestDesk.ready();
    for (let second = 0; second <= 3_600; second += 10) {
      desk.ask(supervisor, 'pending', restart('web'));
      desk.now += 10_000;
    }
    expect(desk.entries.length).toBeLessThanOrEqual(61);
    expect(desk.action('container-restart-vps-web')).toMatchObject({ attempt: 1, state: 'pending' });
  });

  it.each([
    ['container_restart', { stop_timeout_s: 60 }],
    ['container_restart', { dependents: [] }],
    ['alert_only', { instead_of: 'rm -rf' }],
  ])('of %s with parameters that nobody knows is refused: %j', (type, params) => {
    expect(TestDesk.ready().ask('anna', 'pending', { type, node: 'vps', service: 'web', params })).toMatchObject({ ok: false, code: 'bad_request' });
  });

  it('of a clean-up takes no parameters: what it removes is nobody else to say', () => {
    const asked = { type: 'disk_cleanup', node: 'vps', params: { command: 'docker system prune -a' } };
    expect(TestDesk.ready().ask('anna', 'pending', asked)).toMatchObject({ ok: false, code: 'bad_request' });
  });

  it('of what nobody can do in this version is refused in a line that says what to do instead', () => {
    expect(TestDesk.ready().ask('anna', 'pending', { type: 'rollback', node: 'vps', service: 'web' })?.summary).toMatch(
      /^Refused: rollback cannot be asked for: .* ask for redeploy\.$/,
    );
  });

  it('of a clean-up keeps the list of containers with which its attempt began, whatever is listed later', () => {
    const desk = TestDesk.ready();
    const [first, later] = ['a', 'b'].map((digit) => ({ names: [digit], ids: [digit.repeat(12)] }));
    const propose = (containers: object | undefined, trigger_type: string) =>
      desk.ask(supervisor, 'pending', { type: 'disk_cleanup', node: 'vps', evidence: { trigger_type, containers } });
    const evidence = () => desk.action('disk-cleanup-vps').evidence;
    propose(first, 'disk_usage_high');
    expect(propose(later, 'disk_filling')?.code).toBe('refreshed');
    expect(evidence()).toMatchObject({ trigger_type: 'disk_filling', containers: first });
    const { digest } = desk.action('disk-cleanup-vps');
    expect(desk.ask('alice', 'approved', { id: 'disk-cleanup-vps', attempt: 1, digest })?.code).toBe('approved');
    propose(later, 'disk_usage_high');
    expect(evidence().containers).toEqual(first);
  });

  it('of a clean-up without such a list gets none later', () => {
    const desk = TestDesk.ready();
    desk.ask('alice', 'pending', { type: 'disk_cleanup', node: 'vps' });
    desk.ask(supervisor, 'pending', {
      type: 'disk_cleanup',
      node: 'vps',
      evidence: { trigger_type: 'x', containers: { names: ['a'], ids: ['a'.repeat(12)] } },
    });
    expect(desk.action('disk-cleanup-vps').evidence).not.toHaveProperty('containers');
  });

  it('of a notice has a name of its own for each kind, and that of the action it stands for in shadow mode', () => {
    const desk = TestDesk.ready();
    const notice = (params: object): string | null | undefined =>
      desk.ask(supervisor, 'pending', { type: 'alert_only', node: 'vps', service: 'homeassistant', params })?.id;
    expect(notice({ about: 'ha_update_available' })).toBe('alert-only-vps-homeassistant-ha-update-available');
    expect(notice({})).toBe('alert-only-vps-homeassistant');
    expect(notice({ instead_of: 'container_restart' })).toBe('container-restart-vps-homeassistant');
    expect(desk.ask('anna', 'approved', 'container-restart-vps-homeassistant')).toMatchObject({ ok: true, code: 'completed' });
    expect(desk.ask('executor-vps', 'running', { id: 'container-restart-vps-homeassistant', attempt: 1, nonce: '0123456789abcdef' })?.ok).toBe(false);
  });

  it('replaced under the same name can not be approved by the digest of the first', () => {
    const desk = TestDesk.ready();
    desk.ask(supervisor, 'pending', restart('web'));
    const { digest } = desk.action('container-restart-vps-web');
    expect(desk.ask('planner-solaria', 'pending', restart('web', { params: { dependents: ['db'] } }))?.code).toBe('replaced');
    expect(desk.ask('alice', 'approved', { id: 'container-restart-vps-web', digest })).toMatchObject({ ok: false, code: 'digest_mismatch' });
    expect(desk.action('container-restart-vps-web')).toMatchObject({ state: 'pending', attempt: 2 });
  });

  it('of a person names as dependents only what the declaration says needs the service', () => {
    const desk = TestDesk.ready();
    const services = [
      { name: 'db' },
      { name: 'web', depends_on: ['vps/db'] },
      { name: 'shop', depends_on: ['vps/db'], repair_risk: 'guarded' },
      { name: 'mail' },
    ];
    const declared = services.map((service) => ({ ...service, origin: 'declared' }));
    desk.desired(DesiredNode.parse({ ...desiredNode({ node: 'vps' }), services: declared }));
    const named = (requester: string, service: string, dependents: string[]) => desk.ask(requester, 'pending', restart(service, { params: { dependents } }));
    expect(named('anna', 'db', ['web', 'mail', 'shop', 'nextcloud'])).toMatchObject({
      ok: false,
      code: 'bad_request',
      summary: 'Refused: by the declaration web may be restarted after db on vps, not mail, shop, nextcloud.',
    });
    expect(named('anna', 'mail', ['mail'])?.summary).toBe('Refused: by the declaration nothing may be restarted after mail on vps, not mail.');
    expect(desk.entries).toEqual([]);
    expect(named('anna', 'db', ['web'])?.code).toBe('proposed');
    expect(desk.action('container-restart-vps-db').params).toEqual({ dependents: ['web'] });
  });

  it('for a misspelt service is refused with the name that was meant', () => {
    expect(TestDesk.ready().ask('anna', 'pending', restart('webb'))?.summary).toBe('Refused: "webb" is not a desired service of vps; the nearest name is web.');
  });

  it('under a name that already means another target is refused', () => {
    const desk = TestDesk.ready();
    desk.desired(desiredNode({ node: 'a', serviceNames: ['b-c'] }));
    desk.desired(desiredNode({ node: 'a-b', serviceNames: ['c'] }));
    expect(desk.ask(supervisor, 'pending', { type: 'container_restart', node: 'a', service: 'b-c' })?.code).toBe('proposed');
    expect(desk.ask(supervisor, 'pending', { type: 'container_restart', node: 'a-b', service: 'c' })?.code).toBe('id_collision');
  });

  it('is refused when five hundred are open', () => {
    const desk = TestDesk.ready();
    desk.desired(desiredNode({ node: 'vps', serviceNames: Array.from({ length: 501 }, (_, at) => `s${at}`) }));
    for (let at = 0; at < 500; at += 1) expect(desk.ask(supervisor, 'pending', restart(`s${at}`))?.code).toBe('proposed');
    expect(desk.ask(supervisor, 'pending', restart('s500'))?.code).toBe('too_many_open');
    expect(desk.ask(supervisor, 'pending', restart('s0'))?.code).toBe('unchanged');
  });
});

describe('maintenance', () => {
  const until = '2026-03-01T13:00:00.000Z';

  it('is declared by a person, shown, and over when its time has come', () => {
    const desk = TestDesk.ready();
    expect(desk.maintain('alice', { node: 'vps', service: 'web', until, reason: 'disk swap' })).toMatchObject({
      ok: true,
      summary: 'Maintenance of web on vps until 13:00 UTC.',
    });
    expect(desk.state.maintenance.get('vps')).toEqual([{ service: 'web', until, reason: 'disk swap', by: 'alice' }]);
    desk.pass(60 * minuteMs - 1);
    expect(desk.state.maintenance.has('vps')).toBe(true);
    desk.pass(1);
    expect(desk.state.maintenance.has('vps')).toBe(false);
    expect(desk.entries.map((entry) => entry.what)).toEqual(['begun', 'expired']);
  });

  it('ends early when "until" has passed, for that target only', () => {
    const desk = TestDesk.ready();
    desk.maintain('alice', { node: 'vps', service: 'web', until, reason: '' });
    desk.maintain('alice', { node: 'vps', until, reason: 'reboot' });
    expect(desk.maintain('bob', { node: 'vps', service: 'web', until: 0, reason: 'done' })?.code).toBe('maintenance_ended');
    expect(desk.state.maintenance.get('vps')).toEqual([{ service: null, until, reason: 'reboot', by: 'alice' }]);
    expect(desk.maintain('bob', { node: 'piha', until: 0, reason: '' })?.code).toBe('bad_request');
  });

  it.each([
    ['supervisor-vps', { node: 'vps', until, reason: '' }, 'not_allowed'],
    ['telegram-bot-vps', { node: 'vps', until, reason: '' }, 'on_behalf_of_needed'],
    ['alice', { node: 'saturn', until, reason: '' }, 'unknown_node'],
    ['alice', { node: 'vps', until: '2027-03-01T13:00:00.000Z', reason: '' }, 'bad_request'],
    ['alice', { node: 'vps', until: 8.64e15, reason: '' }, 'bad_request'],
    ['alice', 'vps', 'bad_request'],
  ])('asked by %s as %j is refused with %s', (requester, request, code) => {
    const desk = TestDesk.ready();
    expect(desk.maintain(requester, request)).toMatchObject({ ok: false, code });
    expect(desk.entries).toEqual([]);
  });

  it.each([
    ['nextcloud', 'Refused: "nextcloud" is not a desired service of vps.'],
    ['webb', 'Refused: "webb" is not a desired service of vps; the nearest name is web.'],
  ])('of a service that is not desired there is refused: %s', (service, summary) => {
    const desk = TestDesk.ready();
    expect(desk.maintain('alice', { node: 'vps', service, until, reason: '' })).toMatchObject({ ok: false, code: 'unknown_service', summary });
    expect(desk.entries).toEqual([]);
  });

  it('of a stack is that of each of its containers, and ends for all of them', () => {
    const desk = TestDesk.ready();
    desk.desired(withService({ stack: 'wiki' }));
    desk.maintain('alice', { node: 'vps', service: 'db', until, reason: 'disk' });
    expect(desk.maintain('alice', { node: 'vps', service: 'wiki', until, reason: '' })?.summary).toBe('Maintenance of wiki on vps until 13:00 UTC.');
    expect(desk.windows('vps')?.map(({ service }) => service)).toEqual(['db', 'web']);
    expect(desk.maintain('alice', { node: 'vps', service: 'wiki', until: 0, reason: '' })?.code).toBe('maintenance_ended');
    expect(desk.windows('vps')?.map(({ service }) => service)).toEqual(['db']);
  });

  it.each([
    [-1, 'maintenance_ended'],
    [0, 'maintenance_ended'],
    [1, 'unknown_service'],
  ])('of a service that is gone, until %d ms from now, answers %s', (ms, code) => {
    const desk = TestDesk.ready();
    desk.maintain('alice', { node: 'vps', service: 'web', until, reason: '' });
    desk.desired(desiredNode({ node: 'vps', serviceNames: ['db'] }));
    expect(desk.maintain('alice', { node: 'vps', service: 'web', until: new Date(desk.now + ms).toISOString(), reason: '' })?.code).toBe(code);
    expect(desk.windows('vps')).toHaveLength(code === 'unknown_service' ? 1 : 0);
  });
});
