/** What /status answers: nothing is well on stale word, and no declared site is left out. */
import { describe, expect, it } from 'vitest';
import { BotRig, botStartMs, home, iso } from '../../test/kit/telegram-rig.ts';

const ago = (seconds: number): string => iso(botStartMs - seconds * 1000);

interface Homelab {
  readonly links?: readonly object[];
  readonly worst?: string;
  readonly status?: string;
  readonly lastUpdate?: string;
  readonly counts?: object;
}

function homelab({ links = [], worst, status = 'nominal', lastUpdate = ago(9), counts = { online: 1 } }: Homelab = {}): BotRig {
  const rig = BotRig.ready();
  const rest = { services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0, ...(worst === undefined ? {} : { worst }) };
  return rig
    .document('site', { site: 'hub' }, { status, site: 'hub', last_update: lastUpdate, nodes: counts, links, ...rest })
    .document('worldNode', { node: 'vps' }, { status: 'online', node: 'vps', site: 'hub', since: ago(7200), last_seen: ago(9) })
    .document('actorStatus', { node: 'vps', actor: 'observer' }, { status: 'online', node: 'vps', actor: 'observer' });
}

const answer = (rig: BotRig): string => rig.says(home, '/status').pass(5_000).texts().at(-1) ?? '';

describe('/status', () => {
  it('says that a site is nominal while it may be believed', () => {
    expect(answer(homelab())).toBe('🟢 hub: nominal\n\nNothing waits for you.');
  });

  it('names a declared site that was never heard, is cut off, or has not spoken yet', () => {
    const at = (status: string, down_since: string | null): string => answer(homelab({ links: [{ site: 'farm', status, down_since }] }));
    expect(at('unknown', ago(600))).toContain('🟢 hub: nominal\n⚪ farm: never heard: is its bridge running?\n');
    expect(at('unknown', null)).toContain('⚪ farm: not heard yet');
    expect(at('down', ago(600))).toContain('⚪ farm: link down since 1 Mar 11:50; nothing of it is known here');
  });

  it('knows nothing for certain while it has no broker', () => {
    expect(answer(homelab().disconnected())).toContain('⚪ hub: not known now; it was nominal');
  });

  it('does not say that nothing waits before it has read what does', () => {
    const rig = new BotRig().says(home, '/status').says(home, '/actions').desired('vps').action('pending').synced().pass(5_000);
    const answers = rig.texts().filter((text) => !text.startsWith('⏳'));
    expect(answers).toEqual([expect.stringMatching(/^I have only just started.*Ask again/), expect.stringMatching(/^I have only just started/)]);
  });

  it('warns of a file of the inventory that has a fault', () => {
    const fault = { status: 'online', node: 'vps', actor: 'inventory', mode: 'degraded', detail: 'hosts/vps/services.yaml:3:9: expected a mapping' };
    const rig = homelab().document('actorStatus', { node: 'vps', actor: 'inventory' }, fault);
    expect(answer(rig)).toContain('🟡 hub: degraded, a file of the inventory has a fault: hosts/vps/services.yaml:3:9: expected a mapping');
  });

  it('says that a site is critical, not that nothing is known, while a machine of it is switched off', () => {
    const off = { status: 'critical', worst: 'node desk is offline', lastUpdate: ago(7200), counts: { online: 1, offline: 1 } };
    expect(answer(homelab(off))).toContain('🔴 hub: critical, node desk is offline');
    expect(answer(homelab({ lastUpdate: ago(-7200) }))).toContain('⚪ hub: not known: its clock is ahead of mine; it was nominal');
    expect(answer(homelab({ lastUpdate: ago(7200) }))).toContain('⚪ hub: nothing heard since 1 Mar 10:00; it was nominal');
  });
});
