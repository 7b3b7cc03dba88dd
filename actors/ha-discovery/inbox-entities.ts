/**
 * The inbox of this broker as entities: what waits for a yes, and what to say it with. Pure.
 *
 * One fixed inbox instead of a device for each action, which would make Home Assistant's registry churn. Whatever is asked from here
 * names the action, the attempt and the digest that Home Assistant showed, and the person: the ledger takes nothing from a front end
 * without one, so an automation is refused. What is guarded takes two presses, of two buttons, by the same person (decision 18).
 *
 * Everything that is pressed here is a button, because of the person: in a template `this` is the state as it was last written, with the
 * context of who made it be written, and a button alone is written before its template is rendered (test/kit/ha-front-end.ts).
 */
import { homeAssistantLogin } from '../../contracts/home-assistant.ts';
import { topics } from '../../contracts/topics.ts';
import { type ComponentOptions, type Removed, type Source, template } from './device.ts';
import { confirmWithinMs } from './first-press.ts';
import { actorSource, type Directory, topicAt } from './sources.ts';

export type Called = (...words: readonly string[]) => readonly string[];

/** Whoever did it, by the name of their person in Home Assistant. An automation has no user, and so no name. */
const by = [
  '{% set user = this.context.user_id if this is defined and this.context else none %}',
  "{% set people = states.person | selectattr('attributes.user_id', 'eq', user) | map(attribute='name') | list %}",
  "{% set by = dict(on_behalf_of=(people | first | default('user ' ~ user))) if user else {} %}",
].join('');

/** The entity's own attributes are what was on the screen. An entity that has none is refused: nothing has such a digest. */
const seen = [
  by,
  '{% set seen = this.attributes if this is defined else {} %}',
  "{% set named = dict(id=seen['id'] | default('nothing'), attempt=seen['attempt'] | default(1), digest=seen['digest'] | default('none')) %}",
].join('');

const decides = `${seen}{{ dict(named, **by) | to_json }}`;

/** Nobody is asked for anything by it. */
const asks = `${seen}{{ dict(dict(named, at=now().timestamp()), **by) | to_json }}`;

/**
 * The same person within the minute, by the clock that stamped the first press: also when nobody takes the button back in time. Anything
 * else is sent under a name that nothing has, so that the ledger says so.
 */
const confirms = [
  seen,
  "{% set age = now().timestamp() - (seen['at'] | default(0)) %}",
  `{% set same = by and seen['by'] | default('') == by['on_behalf_of'] and age >= 0 and age < ${confirmWithinMs / 1_000} %}`,
  "{{ dict(named if same else dict(id='what ' ~ seen['by'] | default('nobody') ~ ' began'), **by) | to_json }}",
].join('');

type Field = 'offered' | 'asks' | 'confirm';
const has = (field: Field): string => `value_json is defined and value_json.${field} is defined and value_json.${field}`;

const isThere = (field: Field, more = ''): string => `{{ 'online' if ${has(field)}${more} else 'offline' }}`;

/** What a button is about, for its details in Home Assistant and for the templates above. */
const about = (topic: string, field: Field): Readonly<Record<string, unknown>> => ({
  json_attributes_topic: topic,
  json_attributes_template: `{{ value_json.${field} | to_json if ${has(field)} else '{}' }}`,
});

/** A field to type a code into; its template was rendered before its state was written, so it named nobody, or the wrong person. */
export const inboxRemoved: Readonly<Record<string, Removed>> = { approve_code: { platform: 'text' } };

export function inboxEntities(at: Directory, called: Called): readonly ComponentOptions[] {
  const topic = topicAt(at, topics.inbox.build({ site: at.site }));
  const reply = topicAt(at, topics.reply.build({ requester: homeAssistantLogin, site: at.site }));
  const self = actorSource(at, at.self, 'ha-discovery');
  const judged = at.ledger === null ? [] : [actorSource(at, at.ledger, 'ledger')];
  const request = (state: 'approved' | 'rejected'): string => topics.request.build({ state, requester: homeAssistantLogin });
  const button = (field: Field, sends: string, to: string, more = ''): Readonly<Record<string, unknown>> => ({
    command_topic: topicAt(at, to),
    command_template: sends,
    retain: false,
    // Out of the reach of voice assistants and of actions on a whole area.
    entity_category: 'config',
    availability: [{ topic, value_template: isThere(field, more) } satisfies Source, self, ...judged],
    ...about(topic, field),
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
        availability: [self],
      },
    },
    {
      key: 'approve_next',
      platform: 'button',
      name: 'Approve next',
      called: called('approve', 'next'),
      options: { ...button('offered', decides, request('approved'), " and value_json.offered.risk == 'low'"), icon: 'mdi:check-bold' },
    },
    {
      key: 'reject_next',
      platform: 'button',
      name: 'Reject next',
      called: called('reject', 'next'),
      options: { ...button('offered', decides, request('rejected')), icon: 'mdi:close-thick' },
    },
    {
      key: 'approve_ask',
      platform: 'button',
      name: 'Approve in two steps',
      called: called('approve', 'in', 'two', 'steps'),
      options: { ...button('asks', asks, topics.homeAssistantTap.build({ site: at.site })), icon: 'mdi:check' },
    },
    {
      key: 'approve_confirm',
      platform: 'button',
      name: 'Confirm the approval',
      called: called('confirm', 'approval'),
      options: { ...button('confirm', confirms, request('approved')), icon: 'mdi:check-all' },
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
