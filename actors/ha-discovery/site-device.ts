/**
 * A site as a device: how it is, and, for the site of this broker, the inbox: what waits for a yes, and the buttons to say it. Pure.
 *
 * One fixed inbox instead of a device for each action, which would make Home Assistant's registry churn. What is asked by a button
 * names the person who pressed it: the ledger takes nothing from a front end without one, so an automation that presses it is refused.
 */
import { homeAssistantLogin } from '../../contracts/home-assistant.ts';
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Device, deviceOf, type Source, template } from './device.ts';
import { idOf } from './names.ts';
import { actorSource, type Directory, observerSources, topicAt } from './sources.ts';

export function siteDevice(at: Directory, site: string): Device {
  const world = topicAt(at, topics.site.build({ site }));
  const called = (...words: readonly string[]): readonly string[] => [at.maker.root, site, ...words];
  const components: readonly ComponentOptions[] = [
    {
      key: 'status',
      platform: 'sensor',
      name: null,
      called: called(),
      options: {
        state_topic: world,
        value_template: template.status,
        device_class: 'enum',
        options: ['nominal', 'degraded', 'critical'],
        icon: 'mdi:home-heart',
        json_attributes_topic: world,
        json_attributes_template: template.attributes(['summary', 'worst', 'nodes', 'services', 'incidents_active', 'actions_pending', 'actions_running']),
      },
    },
    {
      key: 'problem',
      platform: 'binary_sensor',
      name: 'Problem',
      called: called('problem'),
      options: { state_topic: world, value_template: template.onOff(['degraded', 'critical'], ['nominal']), device_class: 'problem' },
    },
    {
      key: 'incidents',
      platform: 'sensor',
      name: 'Incidents',
      called: called('incidents'),
      options: { state_topic: world, value_template: template.field('incidents_active'), state_class: 'measurement', icon: 'mdi:alert-circle-outline' },
    },
    {
      key: 'last_update',
      platform: 'sensor',
      name: 'Last word',
      called: called('last', 'word'),
      options: { state_topic: world, value_template: template.field('last_update'), device_class: 'timestamp', entity_category: 'diagnostic' },
    },
    ...(site === at.site ? inbox(at, called) : [elsewhere(world, called)]),
    ...(at.links.has(site) ? link(at, site, called) : []),
  ];
  return deviceOf(at.maker, {
    id: idOf(at.maker.root, 'site', site),
    name: `${at.maker.root} ${site}`,
    model: 'Site',
    via: null,
    availability: observerSources(at, site),
    components,
  });
}

type Called = (...words: readonly string[]) => readonly string[];

/** Whoever pressed it, by the name of their person in Home Assistant. An automation has no user, and so no name: the ledger refuses it and says why. */
const named = [
  '{% set user = this.context.user_id if this is defined and this.context else none %}',
  "{% set people = states.person | selectattr('attributes.user_id', 'eq', user) | map(attribute='name') | list %}",
  "{{ (dict(id=value, on_behalf_of=(people | first | default('user ' ~ user))) if user else dict(id=value)) | to_json }}",
].join('');

function inbox(at: Directory, called: Called): readonly ComponentOptions[] {
  const topic = topicAt(at, topics.inbox.build({ site: at.site }));
  const reply = topicAt(at, topics.reply.build({ requester: homeAssistantLogin, site: at.site }));
  // Where several wait, `next` names none of them.
  const isOne: Source = { topic, value_template: template.available(['one']) };
  const judged = at.ledger === null ? [] : [actorSource(at, at.ledger, 'ledger')];
  const button = (key: string, name: string, state: 'approved' | 'rejected', icon: string): ComponentOptions => ({
    key,
    platform: 'button',
    name,
    called: called(...name.split(' ')),
    options: {
      command_topic: topicAt(at, topics.request.build({ state, requester: homeAssistantLogin })),
      command_template: named,
      payload_press: 'next',
      retain: false,
      // Out of the reach of voice assistants and of actions on a whole area.
      entity_category: 'config',
      icon,
      availability: [isOne, ...judged],
    },
  });
  return [
    {
      key: 'waiting',
      platform: 'sensor',
      name: 'Waiting for a yes',
      called: called('waiting'),
      options: {
        state_topic: topic,
        value_template: template.field('count'),
        state_class: 'measurement',
        icon: 'mdi:inbox-arrow-down',
        json_attributes_topic: topic,
        json_attributes_template: template.attributes(['summary', 'actions']),
        availability: [actorSource(at, at.self, 'ha-discovery')],
      },
    },
    button('approve_next', 'Approve next', 'approved', 'mdi:check-bold'),
    button('reject_next', 'Reject next', 'rejected', 'mdi:close-thick'),
    {
      key: 'answer',
      platform: 'sensor',
      name: 'Last answer',
      called: called('answer'),
      options: { state_topic: reply, value_template: template.answer, icon: 'mdi:message-reply-text', entity_category: 'diagnostic', availability: [] },
    },
  ];
}

/** Said yes to at the broker of this site too: it is in its inbox. */
const elsewhere = (world: string, called: Called): ComponentOptions => ({
  key: 'waiting',
  platform: 'sensor',
  name: 'Waiting for a yes',
  called: called('waiting'),
  options: { state_topic: world, value_template: template.field('actions_pending'), state_class: 'measurement', icon: 'mdi:inbox-arrow-down' },
});

/** At the hub a will says `down`, so nothing else need vouch for it; at the site's own broker the bridge must be there. */
function link(at: Directory, site: string, called: Called): readonly ComponentOptions[] {
  const topic = topicAt(at, topics.link.build({ site }));
  const availability = site === at.site && at.bridge !== null ? [actorSource(at, at.bridge, 'bridge')] : [];
  const shared = { state_topic: topic, entity_category: 'diagnostic', availability };
  return [
    {
      key: 'uplink',
      platform: 'binary_sensor',
      name: 'Uplink',
      called: called('uplink'),
      options: { ...shared, value_template: template.onOff(['up', 'degraded'], ['down']), device_class: 'connectivity' },
    },
    {
      key: 'uplink_status',
      platform: 'sensor',
      name: 'Uplink status',
      called: called('uplink', 'status'),
      options: {
        ...shared,
        value_template: template.status,
        device_class: 'enum',
        options: ['up', 'degraded', 'down'],
        icon: 'mdi:transit-connection-variant',
        json_attributes_topic: topic,
        json_attributes_template: template.attributes(['summary', 'since', 'backlog', 'dropped', 'clock_offset_ms']),
      },
    },
  ];
}
