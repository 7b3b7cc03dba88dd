/**
 * The inbox of this broker as entities: what waits for a yes, and what to say it with. Pure.
 *
 * One fixed inbox instead of a device for each action, which would make Home Assistant's registry churn. Whatever is asked from here
 * names the action, the attempt and the digest that Home Assistant showed, and the person: the ledger takes nothing from a front end
 * without one, so an automation is refused. What is guarded has no button (decision 18): its code is typed, which is the second step.
 */
import { homeAssistantLogin } from '../../contracts/home-assistant.ts';
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Source, template } from './device.ts';
import { actorSource, type Directory, topicAt } from './sources.ts';

export type Called = (...words: readonly string[]) => readonly string[];

/** Whoever did it, by the name of their person in Home Assistant. An automation has no user, and so no name. */
const by = [
  '{% set user = this.context.user_id if this is defined and this.context else none %}',
  "{% set people = states.person | selectattr('attributes.user_id', 'eq', user) | map(attribute='name') | list %}",
  "{% set by = dict(on_behalf_of=(people | first | default('user ' ~ user))) if user else {} %}",
].join('');

/** The entity's own attributes are what was on the screen. An entity that has none is refused: nothing has such a digest. */
const offered = [
  by,
  '{% set seen = this.attributes if this is defined else {} %}',
  "{{ dict(dict(id=seen['id'] | default('nothing'), attempt=seen['attempt'] | default(1), digest=seen['digest'] | default('none')), **by) | to_json }}",
].join('');

/** A code that none has, or two, is sent as a name that nothing has, so that the ledger says so. */
const typed = [
  by,
  '{% set code = value | string | trim %}',
  "{% set found = ((this.attributes['actions'] if this is defined else none) or []) | selectattr('code', 'defined') | selectattr('code', 'eq', code) | list %}",
  "{{ dict(dict(id=found[0]['id'], attempt=found[0]['attempt'], digest=found[0]['digest']) if found | length == 1 else dict(id='code ' ~ code), **by) | to_json }}",
].join('');

const isOffered = (more = ''): string =>
  `{{ 'online' if value_json is defined and value_json.offered is defined and value_json.offered${more} else 'offline' }}`;

/** What the buttons are about, for their details in Home Assistant and for the templates above. */
const offeredAttributes = "{{ value_json.offered | to_json if value_json is defined and value_json.offered is defined and value_json.offered else '{}' }}";

export function inboxEntities(at: Directory, called: Called): readonly ComponentOptions[] {
  const topic = topicAt(at, topics.inbox.build({ site: at.site }));
  const reply = topicAt(at, topics.reply.build({ requester: homeAssistantLogin, site: at.site }));
  const self = actorSource(at, at.self, 'ha-discovery');
  const judged = at.ledger === null ? [] : [actorSource(at, at.ledger, 'ledger')];
  const asking = (state: 'approved' | 'rejected', source: string): Readonly<Record<string, unknown>> => ({
    command_topic: topicAt(at, topics.request.build({ state, requester: homeAssistantLogin })),
    retain: false,
    // Out of the reach of voice assistants and of actions on a whole area.
    entity_category: 'config',
    availability: [{ topic, value_template: source } satisfies Source, self, ...judged],
  });
  const button = { command_template: offered, json_attributes_topic: topic, json_attributes_template: offeredAttributes };
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
        availability: [self],
      },
    },
    {
      key: 'approve_next',
      platform: 'button',
      name: 'Approve next',
      called: called('approve', 'next'),
      options: { ...asking('approved', isOffered(" and value_json.offered.risk == 'low'")), ...button, icon: 'mdi:check-bold' },
    },
    {
      key: 'reject_next',
      platform: 'button',
      name: 'Reject next',
      called: called('reject', 'next'),
      options: { ...asking('rejected', isOffered()), ...button, icon: 'mdi:close-thick' },
    },
    {
      key: 'approve_code',
      platform: 'text',
      name: 'Approve by code',
      called: called('approve', 'code'),
      options: {
        ...asking('approved', template.available(['one', 'several'])),
        command_template: typed,
        // Always empty: what was typed does not stay on a screen, and the same code can be typed once more.
        state_topic: topic,
        value_template: "{{ '' }}",
        max: 4,
        pattern: '^([0-9]{4})?$',
        icon: 'mdi:form-textbox-password',
        json_attributes_topic: topic,
        json_attributes_template: template.attributes(['actions']),
      },
    },
    {
      key: 'answer',
      platform: 'sensor',
      name: 'Last answer',
      called: called('answer'),
      options: { state_topic: reply, value_template: template.answer, icon: 'mdi:message-reply-text', entity_category: 'diagnostic', availability: [] },
    },
  ];
}
