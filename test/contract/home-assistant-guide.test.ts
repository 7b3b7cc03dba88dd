/** docs/home-assistant: the blueprint and the dashboard parse, and name what ha-discovery announces and the ledger understands. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, defineScalarTag, load } from 'js-yaml';
import { afterEach, describe, expect, it } from 'vitest';
import { parseActionRequest } from '../../contracts/action-request.ts';
import { homeAssistantLogin, Inbox, InboxEntry } from '../../contracts/home-assistant.ts';
import { AccessFile } from '../../contracts/inventory/access.ts';
import { topics } from '../../contracts/topics.ts';
import { DiscoveryWorld, endDiscoveryWorlds } from '../kit/ha-discovery-world.ts';

afterEach(endDiscoveryWorlds);

const directory = join(import.meta.dirname, '../../docs/home-assistant');
const guide = readFileSync(join(directory, 'README.md'), 'utf8');
const blueprintText = readFileSync(join(directory, 'approve-from-a-phone.yaml'), 'utf8');

const inputTag = defineScalarTag('!input', { resolve: (source) => ({ input: source }), identify: () => false });
type Node = Readonly<Record<string, unknown>>;
const blueprint = load(blueprintText, { schema: CORE_SCHEMA.withTags(inputTag) }) as Node & {
  readonly blueprint: Node & { readonly input: Readonly<Record<string, Node>> };
};

/** Every object in it, however deep. */
function* objectsIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Node;
  for (const each of Object.values(value)) yield* objectsIn(each);
}
const stringsIn = (value: unknown): readonly string[] =>
  [...objectsIn({ value })].flatMap((each) => Object.values(each).flat()).filter((each) => typeof each === 'string');
const having = (key: string): readonly Node[] => [...objectsIn(blueprint)].filter((each) => key in each);
/** With the defaults of its inputs filled in. */
const rendered = (template: unknown): string => String(template).replaceAll('{{ root }}', 'homelab').replaceAll('{{ site }}', 'hub');

describe('the blueprint', () => {
  it('is one of an automation, whose inputs are each declared and used', () => {
    expect(blueprint.blueprint).toMatchObject({ domain: 'automation', homeassistant: { min_version: '2024.10.0' } });
    const declared = Object.keys(blueprint.blueprint.input);
    const { blueprint: _head, ...automation } = blueprint;
    const used = [...objectsIn(automation)].flatMap((each) => (typeof each['input'] === 'string' ? [each['input']] : []));
    expect([...new Set(used)].sort()).toEqual(declared.toSorted());
    for (const input of Object.values(blueprint.blueprint.input)) expect(input).toHaveProperty('selector');
  });

  it('has no key twice, and braces that are balanced', () => {
    for (const text of stringsIn(blueprint)) {
      for (const [open = '', close = ''] of [
        ['{{', '}}'],
        ['(', ')'],
        ['[', ']'],
      ])
        expect([text, text.split(open).length]).toEqual([text, text.split(close).length]);
    }
  });

  it('has a branch for each of its triggers', () => {
    const triggers = (blueprint['triggers'] as readonly Node[]).map(({ id }) => id);
    const branches = having('condition').flatMap(({ condition, id }) => (condition === 'trigger' ? [id] : []));
    expect(branches).toEqual(triggers);
  });

  const notifications = having('actions').filter(({ tag }) => tag !== undefined);
  /** What a tap on the button of that title gives back, for an action of that risk. */
  const tapOf = (title: RegExp, { risk = 'low', by = 'u1', until = '1060' }: { risk?: string; by?: string; until?: string } = {}): string => {
    const actions = notifications.flatMap((each) => each['actions'] as readonly Node[]);
    const found = actions.find((each) => title.test(String(each['title'])));
    return String(found?.['action'])
      .replace("{{ 'approve' if entry.risk == 'low' else 'ask' }}", risk === 'low' ? 'approve' : 'ask')
      .replaceAll(/\{\{ (?:entry\.attempt|parts\[2\]) \}\}/g, '2')
      .replaceAll(/\{\{ (?:entry\.digest|parts\[3\]) \}\}/g, 'ab12')
      .replaceAll(/\{\{ (?:entry\.id|wanted) \}\}/g, 'disk-cleanup-vps')
      .replace('{{ (now().timestamp() + 60) | int }}', until)
      .replace('{{ user }}', by);
  };

  it('asks with a tag and two buttons that need an unlocked phone; a tap gives back what was shown on every make of phone', () => {
    expect(notifications.map(({ tag }) => tag)).toEqual(['{{ entry.id }}', '{{ wanted }}']);
    for (const each of notifications) {
      for (const action of each['actions'] as readonly Node[]) expect(action).toMatchObject({ authenticationRequired: true });
      // `action_data` comes back from iOS alone.
      expect(each).not.toHaveProperty('action_data');
    }
    expect(tapOf(/^\{\{ 'Approve'/)).toBe('HOMELAB:approve:2:ab12:disk-cleanup-vps');
    expect(tapOf(/^Reject/)).toBe('HOMELAB:reject:2:ab12:disk-cleanup-vps');
    expect(having('event_type').map(({ event_type: type }) => type)).toEqual(['mobile_app_notification_action']);
    // Taken back by the same tag.
    expect(having('tag').map(({ tag }) => tag)).toEqual(['{{ entry.id }}', '{{ gone }}', '{{ wanted }}', 'homelab-answer', 'homelab-answer']);
  });

  it('takes two taps of one person within a minute for what is guarded', () => {
    expect(tapOf(/^\{\{ 'Approve'/, { risk: 'guarded' })).toBe('HOMELAB:ask:2:ab12:disk-cleanup-vps');
    expect(tapOf(/^Yes, really/)).toBe('HOMELAB:confirm:2:ab12:1060:u1:disk-cleanup-vps');
    const { isDecision } = having('isDecision')[0] ?? {};
    expect(isDecision).toBe("{{ parts[1] in ['approve', 'reject'] or (parts[1] == 'confirm' and parts[5] == user and now().timestamp() < parts[4] | int) }}");
  });

  it('hears the taps on its own buttons by the words that they have, and no others', () => {
    const heard = new RegExp(`^${/is match\('(.+?)'\)/.exec(blueprintText)?.[1] ?? ''}`);
    for (const tap of [tapOf(/^\{\{ 'Approve'/), tapOf(/^\{\{ 'Approve'/, { risk: 'guarded' }), tapOf(/^Reject/), tapOf(/^Yes, really/)])
      expect(tap).toMatch(heard);
    for (const other of ['URI', 'REPLY', 'HOMELAB:restart:1:2:x']) expect(other).not.toMatch(heard);
  });

  it('has only keys, triggers and selectors that Home Assistant knows', () => {
    const known = ['blueprint', 'mode', 'max', 'trigger_variables', 'variables', 'triggers', 'actions'];
    expect(Object.keys(blueprint).filter((key) => !known.includes(key))).toEqual([]);
    const head = ['name', 'description', 'domain', 'source_url', 'author', 'homeassistant', 'input'];
    expect(Object.keys(blueprint.blueprint).filter((key) => !head.includes(key))).toEqual([]);
    for (const input of Object.values(blueprint.blueprint.input)) {
      expect(Object.keys(input).filter((key) => !['name', 'description', 'default', 'selector'].includes(key))).toEqual([]);
      expect(Object.keys(input['selector'] as Node).filter((key) => !['entity', 'text'].includes(key))).toEqual([]);
    }
    // The words of before October 2024: an editor of today rewrites them.
    expect(having('service')).toEqual([]);
    expect(having('platform')).toEqual([]);
    expect([...new Set((blueprint['triggers'] as readonly Node[]).map(({ trigger }) => trigger))]).toEqual(['state', 'event', 'mqtt']);
    const steps = ['action', 'variables', 'choose', 'repeat'];
    const sequences = [blueprint['actions'], ...having('sequence').map(({ sequence }) => sequence), ...having('default').map((each) => each['default'])];
    for (const step of sequences.filter(Array.isArray).flat() as readonly Node[]) expect(steps.filter((each) => each in step)).toHaveLength(1);
  });

  it('reads fields that the inbox has', () => {
    const shape = Object.keys(InboxEntry.shape);
    const fields = [...new Set([...blueprintText.matchAll(/\b(?:entry|each|shown\[0\])\.(\w+)/g)].map(([, field]) => field ?? ''))];
    expect(fields.length).toBeGreaterThan(5);
    expect(fields.filter((field) => !shape.includes(field))).toEqual([]);
    expect(Object.keys(Inbox.shape)).toContain((blueprint['triggers'] as readonly Node[])[0]?.['attribute']);
  });

  it('publishes once, unretained, what the ledger reads, where this login may', () => {
    const [publish, ...others] = having('action').filter(({ action }) => action === 'mqtt.publish');
    expect(others).toEqual([]);
    const { topic, payload, retain, qos } = (publish?.['data'] ?? {}) as Node;
    expect({ retain, qos }).toEqual({ retain: false, qos: 1 });
    const states = [...rendered(topic).matchAll(/'(approved|rejected)'/g)].map(([, state]) => state);
    expect(new Set(states)).toEqual(new Set(['approved', 'rejected']));
    for (const state of ['approved', 'rejected'] as const)
      expect(rendered(topic).replace(/\{\{.+\}\}/, state)).toBe(`homelab/${topics.request.build({ state, requester: homeAssistantLogin })}`);
    const keys = ['id', ...[...String(payload).matchAll(/\b(on_behalf_of|attempt|digest)=/g)].map(([, key]) => key ?? '')];
    expect(keys.toSorted()).toEqual(['attempt', 'digest', 'id', 'on_behalf_of']);
    const example = { id: 'disk-cleanup-vps', on_behalf_of: 'Anna', attempt: 1, digest: 'd' };
    expect(parseActionRequest('approved', JSON.stringify(example))).toEqual({ ok: true, state: 'approved', request: example });
  });

  it('shows the line of the ledger', () => {
    const trigger = (blueprint['triggers'] as readonly Node[]).find(({ trigger: kind }) => kind === 'mqtt');
    expect(rendered(trigger?.['topic'])).toBe(`homelab/${topics.reply.build({ requester: homeAssistantLogin, site: 'hub' })}`);
    expect(Object.keys(topics.reply.schema.shape)).toContain('summary');
  });
});

describe('the guide', () => {
  /** A block in a list is indented as a whole. */
  const dedented = (text: string): string => text.replaceAll(new RegExp(`^${/^ */.exec(text)?.[0] ?? ''}`, 'gm'), '');
  const yaml = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => load(dedented(text ?? '')) as Node);

  it('gives the login that the ledger and the access list know', () => {
    expect(AccessFile.parse(yaml[0]).logins).toEqual({ [homeAssistantLogin]: 'delegate' });
  });

  it('names entities that are announced under these ids', async () => {
    const world = await DiscoveryWorld.open();
    world.site('hub');
    world.site('chelsty');
    world.link('chelsty');
    world.node('vps');
    world.service('vps', 'web');
    await world.connect();
    const announced = world.announcements.flatMap(({ text }) =>
      Object.values((JSON.parse(text) as { readonly components: Readonly<Record<string, Node>> }).components).map((each) => each['default_entity_id']),
    );
    const named = [...new Set(guide.match(/\b(?:sensor|binary_sensor|button|text)\.(?!press\b)\w+/g))];
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((each) => !announced.includes(each))).toEqual([]);
  });

  it('has a dashboard that parses', () => {
    const cards = [...objectsIn(yaml[1])].flatMap(({ entity }) => (typeof entity === 'string' ? [entity] : []));
    for (const each of ['approve_next', 'reject_next', 'approve_in_two_steps', 'confirm_approval']) expect(cards).toContain(`button.homelab_hub_${each}`);
  });

  it('says how a client of MQTT 5 is set to the version that the built-in broker speaks', () => {
    expect(guide).toContain('MQTT protocol: 3.1.1');
  });
});
