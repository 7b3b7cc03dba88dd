/**
 * What passes between homelab and Home Assistant: its own words for itself, the announcement of a device in the form that it prescribes
 * (docs of Home Assistant, "MQTT discovery"), and the inbox, the one document of ours that is made for small displays.
 */
import { z } from 'zod';
import { ActionType } from './action.ts';
import { Count, documentHead, NodeName, ServiceName, SiteName, Timestamp } from './common.ts';

/** The login of Home Assistant: a front end, so that what it asks for names a person (actor-names.ts). */
export const homeAssistantLogin = 'homeassistant';

const HomeAssistantState = z.enum(['online', 'offline']);

/** Its birth and its will, bare text unless somebody changed them in its settings. */
export const HomeAssistantStatus = z.union([
  z.object({ status: HomeAssistantState.describe('online = it has started and has read what is retained') }),
  HomeAssistantState.transform((status) => ({ status })),
]);
export type HomeAssistantStatus = z.infer<typeof HomeAssistantStatus>;

/**
 * A device as Home Assistant reads it. Next to anything fits: other programs announce theirs beside ours, with the abbreviations that
 * Home Assistant allows. What ours may hold is stricter and checked by test/kit/ha-payload-rules.ts: one key too many at the top, in `device` or in
 * `origin`, and Home Assistant drops the whole device.
 */
export const HomeAssistantDevice = z.object({
  device: z.unknown().optional().describe('names the device, and by `via_device` what it hangs on'),
  origin: z.unknown().optional().describe('who announces it; ours say `homelab`'),
  components: z.unknown().optional().describe('its entities, by a name that stays'),
});
export type HomeAssistantDevice = z.infer<typeof HomeAssistantDevice>;

/** Listed in the inbox, of however many wait: what fits into 16 KiB of attributes, above which Home Assistant records none. */
export const inboxListed = 20;

export const InboxEntry = z.object({
  id: z.string(),
  type: ActionType,
  risk: z.enum(['low', 'guarded']),
  site: SiteName,
  node: NodeName,
  service: ServiceName.nullable(),
  attempt: z.int().positive().describe('a decision that names it is not for another life of this id'),
  digest: z.string().describe('a decision that names it is for exactly this'),
  why: z.string().max(160).describe('evidence in one line'),
  since: Timestamp.describe('when it was proposed'),
});
export type InboxEntry = z.infer<typeof InboxEntry>;

const Person = z.string().min(1).max(128);
const PressedAt = z.number().nonnegative().describe('when, in seconds since 1970 by the clock of Home Assistant, which alone reads it');

/** The first of the two presses that approve what one tap may not. It approves nothing: it makes the second button mean this, for a minute. */
export const HomeAssistantTap = z.object({
  id: z.string().min(1).max(400),
  attempt: z.int().positive(),
  digest: z.string().max(128).describe('with attempt and id, what Home Assistant showed'),
  at: PressedAt,
  on_behalf_of: Person.optional().describe('whoever pressed; absent: an automation, whose press does nothing'),
});
export type HomeAssistantTap = z.infer<typeof HomeAssistantTap>;

const Confirm = z.object({
  ...InboxEntry.shape,
  by: Person.describe('whoever pressed first: only the same person confirms'),
  at: PressedAt,
});
export type Confirm = z.infer<typeof Confirm>;

export const Inbox = z.object({
  ...documentHead,
  status: z.enum(['empty', 'one', 'several', 'gone']).describe('one: `next` names it'),
  site: SiteName.describe('whose broker this is read at; actions of other sites are listed as far as they are seen there'),
  count: Count.describe('actions that wait for a yes or no'),
  offered: InboxEntry.nullable()
    .optional()
    .describe('what a single button is for: the only one that waits, once it has been the same for 3 s; null: nothing; absent: an older writer'),
  asks: InboxEntry.nullable()
    .optional()
    .describe('what the first of two presses is for: the oldest that waits, where one tap is not enough; null: nothing; absent: an older writer'),
  confirm: Confirm.nullable().optional().describe('what the second press is for, within a minute of the first; null: nothing; absent: an older writer'),
  actions: z.array(InboxEntry).max(inboxListed).describe('oldest first, at most 20'),
});
export type Inbox = z.infer<typeof Inbox>;
