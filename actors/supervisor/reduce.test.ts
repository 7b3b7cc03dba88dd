import { describe, expect, it } from 'vitest';
import { minuteMs, SupervisorWorld } from '../../test/kit/supervisor-world.ts';

describe('asking', () => {
  it('says nothing before everything is read', () => {
    const w = new SupervisorWorld().down();
    expect(w.asked).toEqual([]);
    w.synced();
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('says nothing while disconnected, and judges anew once everything is read again', () => {
    const w = new SupervisorWorld().synced().disconnected().down();
    w.pass(10 * minuteMs);
    expect(w.proposed).toEqual([]);
    w.service('healthy').synced();
    expect(w.proposed).toEqual([]);
    w.service('down');
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('judges a burst of documents once, 25 ms after the first of them', () => {
    const w = new SupervisorWorld().synced();
    w.forgetAsked();
    w.gathers = true;
    w.down();
    w.pass(24);
    expect(w.asked).toEqual([]);
    w.pass(1);
    expect(w.asked.filter(({ command }) => command.type === 'decide')).toHaveLength(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('asks again every 10 s until the document shows it', () => {
    const w = new SupervisorWorld().synced().down();
    w.pass(9_999);
    expect(w.proposed).toHaveLength(1);
    w.pass(1);
    expect(w.proposed).toHaveLength(2);
    w.pass(10_000);
    expect(w.proposed).toHaveLength(3);
    w.action('pending').pass(10 * minuteMs);
    expect(w.proposed).toHaveLength(3);
    expect(w.decision()).toBe('proposed');
  });

  it('documents that change nothing do not make it ask more often', () => {
    const w = new SupervisorWorld().synced().down();
    for (let times = 0; times < 20; times += 1) w.service('down').node();
    expect(w.proposed).toHaveLength(1);
  });

  it.each(['pending', 'approved', 'running'])('does not propose twice what is %s (R3)', (status) => {
    const w = new SupervisorWorld().action(status).synced().down();
    w.pass(10 * minuteMs);
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('proposed');
  });

  it('does not propose what a person has proposed', () => {
    const w = new SupervisorWorld().action('pending', { proposed_by: 'anna', evidence: {} }).synced().down();
    w.pass(10 * minuteMs);
    expect(w.proposed).toEqual([]);
  });

  it('proposes nothing beside another repair of the service that is under way', () => {
    const w = new SupervisorWorld().action('running', {}, 'redeploy-vps-web').synced().down();
    expect(w.proposed).toEqual([]);
    expect(w.why()).toContain('redeploy-vps-web is running');
  });

  it('brings the evidence of its pending proposal up to date, at most once a minute', () => {
    const w = new SupervisorWorld().synced().down().action('pending');
    w.incident({ status: 'resolved', resolved_by: 'service_healthy' });
    w.incident({ id: 'inc-2-vps-web-down' });
    w.pass(minuteMs - 1);
    expect(w.proposed).toHaveLength(1);
    w.pass(1);
    expect(w.proposed).toHaveLength(2);
    expect(w.asked.findLast(({ command }) => command.type === 'propose')?.command).toMatchObject({
      proposal: { evidence: { incident_id: 'inc-2-vps-web-down' } },
    });
    w.pass(minuteMs);
    expect(w.proposed).toHaveLength(3);
    w.action('pending', { evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-2-vps-web-down' } }).pass(10 * minuteMs);
    expect(w.proposed).toHaveLength(3);
  });

  it("leaves the evidence of a person's proposal alone", () => {
    const w = new SupervisorWorld().action('pending', { proposed_by: 'anna' }).synced().down().incident({ id: 'inc-2-vps-web-down' });
    w.pass(10 * minuteMs);
    expect(w.proposed).toEqual([]);
  });
});

describe('a node without an executor', () => {
  const unattended = (): SupervisorWorld =>
    new SupervisorWorld()
      .synced()
      .desired([{ name: 'web' }], { agents: ['node-agent'] })
      .node()
      .service('down')
      .incident();

  it('still proposes, and is content with the notice that the ledger makes of it', () => {
    const w = unattended();
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    w.action('pending', {}, 'alert-only-vps-web').pass(10 * minuteMs);
    expect(w.proposed).toHaveLength(1);
    expect(w.decision()).toBe('proposed');
  });

  it('gives an acknowledged notice an hour, whatever else happens to its incident', () => {
    const w = unattended().action('completed', {}, 'alert-only-vps-web').forgetAsked();
    w.pass(1000);
    w.incident();
    w.pass(60 * minuteMs - 1001);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('is like a service that no container runs: its notice is enough', () => {
    const w = new SupervisorWorld()
      .synced()
      .desired([{ name: 'web', repairable: false }])
      .node()
      .service('down')
      .incident();
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    w.action('pending', {}, 'alert-only-vps-web').pass(10 * minuteMs);
    expect(w.proposed).toHaveLength(1);
    expect(w.decision()).toBe('proposed');
  });

  it('takes the notice back when an executor has come', () => {
    const w = unattended()
      .action('pending', {}, 'alert-only-vps-web')
      .desired([{ name: 'web' }]);
    expect(w.withdrawn).toEqual(['alert-only-vps-web drift_resolved_auto']);
    w.pass(10_000);
    expect(w.proposed).toEqual(['container-restart-vps-web', 'container-restart-vps-web']);
  });
});

describe('two services whose names give one id', () => {
  it('proposes for the first only, and names the clash at the second', () => {
    const w = new SupervisorWorld().synced();
    w.desired([{ name: 'Web' }, { name: 'web' }]).node();
    w.service('down', {}, 'Web').service('down', {}, 'web').incident({ id: 'inc-1' }, 'Web').incident({ id: 'inc-2' }, 'web');
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    expect(w.decision('web')).toBe('blocked');
    expect(w.why('web')).toContain('would also mean vps/Web');
  });

  it('keeps the one that is open, whichever comes first', () => {
    const w = new SupervisorWorld().action('pending').synced();
    w.desired([{ name: 'Web' }, { name: 'web' }]).node();
    w.service('down', {}, 'Web').service('down', {}, 'web').incident({ id: 'inc-1' }, 'Web').incident({ id: 'inc-1-vps-web-down' }, 'web');
    expect(w.proposed).toEqual([]);
    expect(w.decision('Web')).toBe('blocked');
    expect(w.decision('web')).toBe('proposed');
  });
});

describe('a name too long for the id of an action', () => {
  it('is said, and not asked for again and again', () => {
    const name = 'x'.repeat(110);
    const w = new SupervisorWorld().synced().desired([{ name }]).node().service('down', {}, name).incident({ id: 'inc-1' }, name);
    w.pass(minuteMs);
    expect(w.proposed).toEqual([]);
    expect(w.decision(name)).toBe('blocked');
    expect(w.why(name)).toContain('too long');
  });
});

describe('decisions', () => {
  it('say why not for every desired service, in stable order', () => {
    const w = new SupervisorWorld()
      .synced()
      .desired([{ name: 'web' }, { name: 'db' }, { name: 'cron', monitor: false }])
      .node();
    w.service('down').incident().service('healthy', {}, 'db');
    expect(w.decisions.get('vps')).toEqual({
      status: 'proposing',
      summary: '1 proposed, 2 need nothing, of 3',
      node: 'vps',
      services: [
        { service: 'cron', decision: 'nothing', code: 'not_monitored', why: 'not monitored', action_id: null },
        { service: 'db', decision: 'nothing', code: 'well', why: 'healthy', action_id: null },
        {
          service: 'web',
          decision: 'propose',
          code: 'asked',
          why: 'down (containers_not_running); asks for container_restart',
          action_id: 'container-restart-vps-web',
          incident_id: 'inc-1-vps-web-down',
        },
      ],
      counts: { nothing: 2, propose: 1 },
    });
  });

  it('are said once, and again only when they change', () => {
    const w = new SupervisorWorld()
      .synced()
      .desired([{ name: 'web' }])
      .node()
      .service('healthy')
      .forgetAsked();
    w.node()
      .service('healthy')
      .pass(10 * minuteMs);
    expect(w.asked).toEqual([]);
  });

  it('are taken back with the node, after the others are known to be whole', () => {
    const w = new SupervisorWorld().desired([]).synced();
    expect(w.asked.map(({ command }) => command.type)).toEqual(['decide', 'complete']);
  });

  it('of an empty site are whole too, so that an earlier life is swept away', () => {
    expect(new SupervisorWorld().synced().asked.map(({ command }) => command.type)).toEqual(['complete']);
  });

  it('of a node with very many services list those that need something', () => {
    const names = Array.from({ length: 400 }, (_, n) => ({ name: `s${n}` }));
    const w = new SupervisorWorld().synced().node().service('down', {}, 's7').incident({}, 's7').desired(names);
    const body = w.decisions.get('vps');
    expect(body?.services.map(({ service }) => service)).toEqual(['s7']);
    expect(body?.counts).toEqual({ nothing: 399, propose: 1 });
  });
});

describe('mode', () => {
  it('is syncing, watching, proposing or blind', () => {
    const w = new SupervisorWorld();
    expect(w.mode).toBe('syncing');
    expect(w.disconnected().mode).toBe('syncing');
    expect(w.synced().mode).toBe('watching');
    expect(w.down().mode).toBe('proposing');
    expect(w.disconnected().mode).toBe('blind');
    expect(w.synced().node('offline').mode).toBe('blind');
  });
});
