/** Incidents in the chats: grouped by cause, told once, and when they make a sound. */
import { describe, expect, it } from 'vitest';
import { BotRig, botStartMs, home, iso } from '../../test/kit/telegram-rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const down = (): BotRig => BotRig.ready().incident().pass(8_000);
const resolved = (rig: BotRig, more = {}): BotRig => rig.incident({ status: 'resolved', resolved_at: iso(rig.now), resolved_by: 'service_healthy', ...more });

describe('the message about an incident', () => {
  it('says what, how bad and since when, with a sound', () => {
    const rig = down();
    expect(rig.texts()).toEqual(['🔴 web on vps: down (error)\nexit code 137\nSince 1 Mar 12:00']);
    expect(rig.messages()[0]?.isSilent).toBe(false);
  });

  it('counts what it explains, names some of it, and is edited as that changes; consequences have none of their own', () => {
    const consequences = Array.from({ length: 10 }, (_, at) => ({ what: `vps/s${at}`, status: 'unknown' }));
    const rig = BotRig.ready().incident({ service: null, kind: 'node_offline', consequences, consequences_count: 14 });
    rig.incident({ id: 'inc-2', service: 'db', suppressed_by: 'inc-1' }).pass(10_000);
    expect(rig.messages()).toHaveLength(1);
    expect(rig.texts()[0]).toContain('Explains 14 more: vps/s0 unknown, vps/s1 unknown, vps/s2 unknown, vps/s3 unknown, vps/s4 unknown and 9 more');
    rig.incident({ service: null, kind: 'node_offline', consequences: [], consequences_count: 0 }).pass(minuteMs);
    expect(rig.messages()).toHaveLength(1);
    expect(rig.texts()[0]).not.toContain('Explains');
  });

  it('is none where the cause is known within seconds', () => {
    const rig = BotRig.ready().incident({ id: 'inc-2', service: 'db' }).pass(3_000);
    rig.incident({ service: null, kind: 'node_offline' }).incident({ id: 'inc-2', service: 'db', suppressed_by: 'inc-1' }).pass(10_000);
    expect(rig.texts()).toHaveLength(1);
    expect(rig.texts()[0]).toContain('vps: node offline');
  });

  it('that was told before its cause says what explains it now, and its end is the end of the cause', () => {
    const rig = down();
    rig.incident({ id: 'inc-9', service: null, kind: 'broker' }).incident({ suppressed_by: 'inc-9' }).pass(10_000);
    expect(rig.texts()[0]).toContain('explained by vps: broker');
    resolved(rig, { suppressed_by: 'inc-9' });
    resolved(rig, { id: 'inc-9', service: null, kind: 'broker' }).pass(5 * minuteMs);
    expect(rig.texts()).toHaveLength(3);
    expect(rig.texts()[2]).toContain('✅ Over since 1 Mar 12:00: vps: broker');
  });

  it('is edited at once when it is over, and a short new one says so once that has held', () => {
    const rig = resolved(down()).pass(3_000);
    expect(rig.texts()).toEqual(['✅ Over: web on vps: down\nexit code 137\nFrom 1 Mar 12:00 to 1 Mar 12:00']);
    rig.pass(2 * minuteMs);
    expect(rig.texts().at(-1)).toBe('✅ Over since 1 Mar 12:00: web on vps: down');
    expect(rig.messages().map(({ isSilent }) => isSilent)).toEqual([false, false]);
    expect(rig.pass(hourMs).messages()).toHaveLength(2);
  });

  it('that comes and goes for hours is two messages, both of which say how it stands', () => {
    const rig = down();
    for (let round = 0; round < 60; round += 1) {
      resolved(rig).pass(round % 2 === 0 ? 30_000 : 3 * minuteMs);
      rig.incident({ reopened_at: iso(rig.now), flapping: round % 3 === 0 }).pass(2 * minuteMs);
    }
    expect(rig.messages()).toHaveLength(2);
    expect(rig.texts()[1]).toContain('Was over, is back');
    resolved(rig).pass(5 * minuteMs);
    expect(rig.messages()).toHaveLength(2);
    expect(rig.texts()[1]).toContain('✅ Over since');
  });

  it('that is back says so in words that nobody reads as its end', () => {
    const rig = resolved(down()).pass(5 * minuteMs);
    rig.incident({ reopened_at: iso(rig.now), occurrence_count: 2, last_occurrence: iso(rig.now) }).pass(minuteMs);
    expect(rig.texts()[0]).toBe('🔴 web on vps: down (error)\nexit code 137\nAgain since 1 Mar 12:05, first 1 Mar 12:00\n2 times, last 1 Mar 12:05');
  });

  it('is edited when the same happens once more while it is open, at most each half minute', () => {
    const rig = down();
    for (let count = 2; count <= 61; count += 1) rig.incident({ occurrence_count: count, last_occurrence: iso(rig.now) }).pass(1_000);
    rig.pass(minuteMs);
    expect(rig.messages()).toHaveLength(1);
    expect(rig.texts()[0]).toBe('🔴 web on vps: down (error)\nexit code 137\nSince 1 Mar 12:00\n61 times, last 1 Mar 12:01');
    expect(rig.messages()[0]?.versions.length).toBeLessThan(6);
  });

  it('that came and went while it settled, or that nobody needs to know, is none', () => {
    const rig = BotRig.ready().incident().pass(2_000);
    resolved(rig).incident({ id: 'inc-2', severity: 'info' }).pass(minuteMs);
    expect(rig.texts()).toEqual([]);
  });

  it('ends when its document is taken away', () => {
    const rig = down().document('incident', { node: 'vps', id: 'inc-1' }, null).pass(minuteMs);
    expect(rig.texts()[0]).toContain('not known to the homelab any more');
    expect(rig.messages()).toHaveLength(1);
  });

  it('says of another place where, and of a demo that nothing is real', () => {
    const rig = BotRig.ready().incident({ site: 'chelsty', node: 'chelsty-infra', simulated: true }).pass(8_000);
    expect(rig.texts()[0]).toMatch(/^SIMULATED \[chelsty\] 🔴/);
  });

  it('fits whatever a container says of itself', () => {
    const rig = BotRig.ready()
      .incident({ message: '\u0000*_[]<b>\n'.repeat(30) + '😀'.repeat(60) })
      .pass(8_000);
    expect(rig.texts()[0]!.length).toBeLessThan(4096);
    expect(rig.texts()[0]).not.toMatch(/\p{Cs}/u);
  });
});

describe('a sound', () => {
  const night = { quiet: { from: 22 * 60, until: 7 * 60 }, timeZone: 'Europe/Warsaw' };
  /** 23:30 in Warsaw in winter. */
  const atNight = (options = {}): BotRig => {
    const rig = BotRig.ready({ ...night, ...options });
    return rig.pass(Date.parse('2026-03-01T22:30:00.000Z') - botStartMs);
  };
  const silences = (rig: BotRig, chat = home): readonly boolean[] => rig.messages(chat).map(({ isSilent }) => isSilent);

  it('is made by what is critical in quiet hours, and by nothing else; the rest comes silently, and its end too', () => {
    const rig = atNight().incident({ id: 'inc-e' }).incident({ id: 'inc-c', service: 'db', severity: 'critical' }).pass(20_000);
    rig.action('pending', { evidence: { trigger_type: 't', message: '', incident_id: 'inc-e' } }).pass(minuteMs);
    expect(rig.texts().map((text) => text.slice(0, 2))).toEqual(['🚨', '🔴', '⏳ '.slice(0, 2)]);
    expect(silences(rig)).toEqual([false, true, true]);
    resolved(rig, { id: 'inc-c', service: 'db', severity: 'critical' }).pass(5 * minuteMs);
    expect(silences(rig).at(-1)).toBe(true);
  });

  it('is made at night by an action of a critical incident', () => {
    const rig = atNight()
      .incident({ severity: 'critical' })
      .pass(5 * minuteMs)
      .action('pending')
      .pass(10_000);
    expect(silences(rig)).toEqual([false, false]);
  });

  it('is made again after the night, by the clock of the place', () => {
    const rig = atNight()
      .pass(Date.parse('2026-03-02T06:00:00.000Z') - Date.parse('2026-03-01T22:30:00.000Z'))
      .incident()
      .pass(20_000);
    expect(silences(rig)).toEqual([false]);
  });

  it('is one for an incident and the action that repairs it', () => {
    const rig = BotRig.ready().incident().action('pending').pass(20_000);
    expect(rig.texts().map((text) => text.slice(0, 2))).toEqual(['🔴', '⏳ '.slice(0, 2)]);
    expect(silences(rig)).toEqual([false, true]);
  });

  it('is not made by warnings, in maintenance, or for what is muted in that chat', () => {
    const chats = new Map([
      [home, null],
      [78, null],
    ]);
    const rig = BotRig.ready({ chats }).says(home, '/mute vps/web 2h').incident({ id: 'inc-w', severity: 'warning', service: 'db' }).incident({ id: 'inc-m' });
    rig.document('maintenance', { node: 'piha' }, { status: 'open', node: 'piha', windows: [{ until: iso(rig.now + hourMs), reason: 'disk' }] });
    rig.incident({ id: 'inc-p', node: 'piha' }).pass(20_000);
    expect(rig.texts(home)[0]).toContain('vps/web makes no sound in this chat until 1 Mar 14:00');
    expect(silences(rig, home).slice(1)).toEqual([true, true, true]);
    expect(silences(rig, 78)).toEqual([false, true, true]);
  });

  it('is made again when a mute has run out, or is taken back', () => {
    const rig = BotRig.ready()
      .says(home, '/mute all 1h')
      .incident({ id: 'inc-a' })
      .pass(20_000)
      .says(home, '/unmute all')
      .incident({ id: 'inc-b' })
      .pass(20_000);
    rig
      .says(home, '/mute vps 1h')
      .pass(hourMs + 1_000)
      .incident({ id: 'inc-c' })
      .pass(20_000);
    expect(silences(rig).filter((_, at) => rig.texts()[at]?.startsWith('🔴'))).toEqual([true, false, false]);
  });
});
