/** What Home Assistant sends when its buttons are pressed, in whose name, by its own order of writing a state and sending. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseActionRequest } from '../../contracts/action-request.ts';
import { DiscoveryWorld, endDiscoveryWorlds } from '../../test/kit/ha-discovery-world.ts';
import { contextRecentMs, HomeAssistantFrontEnd, type Published } from '../../test/kit/ha-front-end.ts';
import { confirmWithinMs } from './first-press.ts';
import { offerAfterMs } from './reduce.ts';

afterEach(endDiscoveryWorlds);

const people = { u1: 'Anna', u2: 'Bob' };
const approved = 'homelab/actions/approved/homeassistant';
const cleanup = { type: 'disk_cleanup', risk: 'guarded', service: null };

/** ha-discovery, and Home Assistant that reads its inbox and sends it its first presses. */
class Home {
  readonly world: DiscoveryWorld;
  readonly screen: HomeAssistantFrontEnd;
  readonly sent: Published[] = [];

  private constructor(world: DiscoveryWorld) {
    this.world = world;
    this.screen = new HomeAssistantFrontEnd({
      clock: world.clock,
      people,
      publish: ({ topic, text }) => {
        if (topic === 'homelab/taps/hub') world.tap(JSON.parse(text));
        else this.sent.push({ topic, text });
      },
    });
  }

  static async open(): Promise<Home> {
    const world = await DiscoveryWorld.open();
    world.site();
    world.node('vps');
    world.actor('vps', 'ledger');
    world.manifest('vps', ['world/sites/hub', 'world/nodes/vps']);
    await world.connect();
    const home = new Home(world);
    for (const actor of ['observer', 'ledger', 'ha-discovery']) home.screen.hear(`homelab/actors/vps/${actor}`, '{"status":"online"}');
    home.screen.announced(world.retained.get('homeassistant/device/homelab_site_hub/config') ?? '');
    await home.run(0);
    return home;
  }

  async run(ms: number): Promise<void> {
    await this.world.run(ms);
    this.screen.hear('homelab/inbox/hub', JSON.stringify(this.world.io.held.get('inbox/hub')));
  }

  async press(key: string, user: string | null): Promise<void> {
    this.screen.press(key, user);
    await this.run(0);
  }

  get requests(): readonly unknown[] {
    return this.sent.map(({ topic, text }) => {
      expect(topic).toBe(approved);
      const parsed = parseActionRequest('approved', text);
      expect(parsed).toMatchObject({ ok: true });
      return parsed.ok ? parsed.request : null;
    });
  }

  get open(): readonly string[] {
    return ['approve_next', 'reject_next', 'approve_ask', 'approve_confirm'].filter((key) => this.screen.isAvailable(key));
  }
}

/** A clean-up waits and has been the same for long enough. */
async function withCleanup(): Promise<Home> {
  const home = await Home.open();
  home.world.action('disk-cleanup-vps', 'pending', cleanup);
  await home.run(offerAfterMs);
  return home;
}

const yes = { id: 'disk-cleanup-vps', attempt: 1, digest: 'd', on_behalf_of: 'Anna' };

describe('one tap', () => {
  it('on Approve next names what was shown, and whoever pressed, each time anew', async () => {
    const home = await Home.open();
    home.world.action('container-restart-vps-web');
    await home.run(offerAfterMs);
    expect(home.open).toEqual(['approve_next', 'reject_next']);
    await home.press('approve_next', 'u1');
    await home.run(1_000);
    await home.press('approve_next', 'u2');
    // An automation, within the 5 s in which Home Assistant still writes the context of a person.
    await home.press('approve_next', null);
    await home.press('approve_next', 'stranger');
    const what = { id: 'container-restart-vps-web', attempt: 1, digest: 'd' };
    expect(home.requests).toEqual([{ ...what, on_behalf_of: 'Anna' }, { ...what, on_behalf_of: 'Bob' }, what, { ...what, on_behalf_of: 'user stranger' }]);
  });

  it('of an automation names nobody, whoever pressed before and however the inbox moved since', async () => {
    const home = await Home.open();
    home.world.action('container-restart-vps-web');
    await home.run(offerAfterMs);
    await home.press('approve_next', 'u1');
    home.world.action('container-restart-vps-web', 'pending', { evidence: { message: 'still down' } });
    await home.run(0);
    await home.press('approve_next', null);
    expect(home.requests.at(-1)).not.toHaveProperty('on_behalf_of');
  });

  it('is not to be had for what is guarded, nor while several wait', async () => {
    const home = await withCleanup();
    expect(home.open).toEqual(['reject_next', 'approve_ask']);
    home.world.action('container-restart-vps-web', 'pending', { proposed_at: '2026-03-01T12:30:00.000Z' });
    await home.run(offerAfterMs);
    expect(home.open).toEqual(['approve_ask']);
    expect(home.screen.attributesOf('approve_ask')).toMatchObject({ id: 'disk-cleanup-vps', risk: 'guarded' });
  });
});

describe('two presses', () => {
  it('of one person approve what is guarded, in their name; the first alone sends nothing', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    expect(home.sent).toEqual([]);
    expect(home.open).toContain('approve_confirm');
    expect(home.screen.attributesOf('approve_confirm')).toMatchObject({ id: 'disk-cleanup-vps', by: 'Anna' });
    expect(home.world.io.held.get('inbox/hub')?.['summary']).toMatch(/^Anna wants to approve disk-cleanup-vps, and has a minute/);
    await home.run(confirmWithinMs - 1);
    await home.press('approve_confirm', 'u1');
    expect(home.requests).toEqual([yes]);
  });

  it('of two people approve nothing, and the ledger has a name for it', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    await home.press('approve_confirm', 'u2');
    expect(home.requests).toEqual([{ id: 'what Anna began', on_behalf_of: 'Bob' }]);
  });

  it('by an automation approve nothing, neither the first nor the second', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', null);
    expect(home.open).not.toContain('approve_confirm');
    await home.press('approve_ask', 'u1');
    await home.press('approve_confirm', null);
    expect(home.requests).toEqual([{ id: 'what Anna began' }]);
  });

  it('count within a minute, also where nobody took the button back', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    home.world.clock.advance(confirmWithinMs);
    expect(home.screen.isAvailable('approve_confirm')).toBe(true);
    home.screen.press('approve_confirm', 'u1');
    expect(home.requests).toEqual([{ id: 'what Anna began', on_behalf_of: 'Anna' }]);
    await home.run(0);
    expect(home.open).not.toContain('approve_confirm');
  });

  it.each<[string, (home: Home) => void]>([
    ['has another attempt', ({ world }) => world.action('disk-cleanup-vps', 'pending', { ...cleanup, attempt: 2 })],
    ['has another digest', ({ world }) => world.action('disk-cleanup-vps', 'pending', { ...cleanup, digest: 'e' })],
    ['was decided elsewhere', ({ world }) => world.action('disk-cleanup-vps', 'rejected', cleanup)],
  ])('are not for what %s meanwhile', async (_, change) => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    change(home);
    await home.run(0);
    await home.press('approve_confirm', 'u1');
    expect(home.open).not.toContain('approve_confirm');
    expect(home.sent).toEqual([]);
  });

  it('go on meaning what the first meant when something older comes to wait', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    home.world.action('redeploy-vps-web', 'pending', { type: 'redeploy', risk: 'guarded', proposed_at: '2026-03-01T11:00:00.000Z' });
    await home.run(offerAfterMs);
    expect(home.screen.attributesOf('approve_ask')).toMatchObject({ id: 'redeploy-vps-web' });
    await home.press('approve_confirm', 'u1');
    expect(home.requests).toEqual([yes]);
  });

  it('begin anew after a reconnect, and never with what a broker kept', async () => {
    const home = await withCleanup();
    await home.press('approve_ask', 'u1');
    await home.world.disconnect();
    await home.world.reconnect();
    await home.run(0);
    expect(home.open).not.toContain('approve_confirm');
    home.world.tap({ ...yes, at: 1 }, { retained: true });
    await home.run(0);
    expect(home.open).not.toContain('approve_confirm');
  });
});

describe('a text', () => {
  // Why there is none: the same template, on the entity that sends before it writes.
  it('would name nobody, and with the inbox in motion the one who typed before', async () => {
    const home = await withCleanup();
    const { components } = JSON.parse(home.world.retained.get('homeassistant/device/homelab_site_hub/config') ?? '{}') as {
      readonly components: Readonly<Record<string, { readonly command_template?: string }>>;
    };
    const inbox = 'homelab/inbox/hub';
    const code = {
      ...{ platform: 'text', command_topic: approved, command_template: components['approve_next']?.command_template },
      ...{ json_attributes_topic: inbox, json_attributes_template: '{{ value_json.asks | to_json }}', state_topic: inbox, value_template: "{{ '' }}" },
    };
    home.screen.announced(JSON.stringify({ components: { code } }));
    home.screen.setText('code', '0317', 'u1');
    expect(home.requests).toEqual([{ id: 'disk-cleanup-vps', attempt: 1, digest: 'd' }]);
    home.world.action('disk-cleanup-vps', 'pending', { ...cleanup, evidence: { message: 'fuller' } });
    await home.run(0);
    home.screen.setText('code', '0317', null);
    expect(home.requests.at(-1)).toMatchObject({ on_behalf_of: 'Anna' });
    await home.run(contextRecentMs + 1);
    home.world.action('disk-cleanup-vps', 'pending', { ...cleanup, evidence: { message: 'full' } });
    await home.run(0);
    home.screen.setText('code', '0317', 'u2');
    expect(home.requests.at(-1)).not.toHaveProperty('on_behalf_of');
  });

  it('of an earlier version is taken away', async () => {
    const home = await withCleanup();
    home.screen.announced(JSON.stringify({ components: { approve_code: { platform: 'text', command_topic: approved } } }));
    expect(home.screen.has('approve_code')).toBe(true);
    home.screen.announced(home.world.retained.get('homeassistant/device/homelab_site_hub/config') ?? '');
    expect(home.screen.has('approve_code')).toBe(false);
  });
});
