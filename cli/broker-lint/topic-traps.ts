/** Traps in what a bridge carries: both ways, everything, requests, without a promise to deliver. */
import { allTopics } from '../../contracts/topics.ts';
import type { Bridge, Configuration, Setting, TopicLine } from './configuration.ts';
import { lastOf } from './configuration.ts';
import { filtersOverlap } from './overlap.ts';
import type { Trap } from './trap.ts';

const topicsIn = (configuration: Configuration): readonly TopicLine[] => configuration.bridges.flatMap(({ topics }) => topics);

/** `#` with nothing before it at one of the two brokers. */
const isBare = ({ local, remote }: TopicLine): boolean => local === '#' || remote === '#';

const both: Trap = {
  id: 'both',
  severity: 'error',
  why: 'After a cut each side sends what it keeps, and the values of every topic that changed meanwhile swap: both brokers stay wrong for good (measured, 2 of 2 runs).',
  instead: 'one line for each subtree, in the direction of its one writer: topic <subtree>/# out 1',
  *find(configuration) {
    for (const topic of topicsIn(configuration)) if (topic.direction === 'both') yield { at: topic, what: topic.text };
  },
};

const everything: Trap = {
  id: 'bare-wildcard',
  severity: 'error',
  why: 'It carries everything, also what a later program puts there, requests, and what came in over another bridge.',
  instead: 'a line for each subtree that the far side needs: topic <subtree>/# out 1',
  *find(configuration) {
    for (const topic of topicsIn(configuration)) if (isBare(topic)) yield { at: topic, what: topic.text };
  },
};

const twoWays: Trap = {
  id: 'two-ways',
  severity: 'error',
  why: 'Together two lines do what `both` does: retained values swap after a cut, and with `try_private false` every message comes back once.',
  instead: 'subtrees that do not overlap, each in the direction of its one writer',
  *find({ bridges }) {
    for (const [at, bridge] of bridges.entries()) {
      const near = bridges.slice(at).filter((each) => each === bridge || (addressOf(each) !== '' && addressOf(each) === addressOf(bridge)));
      for (const topic of near.flatMap(({ topics }) => topics)) {
        const other = bridge.topics.find(
          (each) => areOpposite(each, topic) && filtersOverlap(each.local, topic.local) && filtersOverlap(each.remote, topic.remote),
        );
        if (other !== undefined && (other.file !== topic.file || other.line < topic.line))
          yield { at: topic, what: `${topic.text}, and in line ${other.line} ${other.text}` };
      }
    }
  },
};

const addressOf = ({ settings }: Bridge): string => lastOf(settings, 'address', 'addresses')?.value ?? '';
/** One that carries both ways, or everything, is a trap by itself. */
const isPlain = (topic: TopicLine): boolean => topic.direction !== 'both' && !isBare(topic);
const areOpposite = (one: TopicLine, other: TopicLine): boolean => isPlain(one) && isPlain(other) && one.direction !== other.direction;

const rawRequests: Trap = {
  id: 'raw-requests',
  severity: 'error',
  why: 'A request that waited out a cut is judged when it arrives: what somebody approved at noon is done at midnight. The ledgers pass requests on themselves, with their age.',
  instead: 'a line for each topic that docs/topics.md lets a bridge carry; or the bridge actor instead of this',
  *find(configuration, root) {
    const requests = allTopics.filter(([, row]) => row.kind === 'request').map(([, row]) => `${root}/${row.filter()}`);
    const carries = ({ local, remote }: TopicLine): boolean => requests.some((filter) => filtersOverlap(filter, local) || filtersOverlap(filter, remote));
    for (const topic of topicsIn(configuration)) if (!isBare(topic) && carries(topic)) yield { at: topic, what: topic.text };
  },
};

const unacknowledged: Trap = {
  id: 'qos-0',
  severity: 'error',
  why: 'What is sent at QoS 0 is not queued while the link is down; a line that does not say a QoS means 0.',
  instead: 'topic <subtree>/# out 1',
  *find(configuration) {
    for (const topic of topicsIn(configuration)) {
      if (topic.qos === null) yield { at: topic, what: `${topic.text} says no QoS` };
      else if (topic.qos === '0') yield { at: topic, what: topic.text };
    }
  },
};

const exactlyOnce: Trap = {
  id: 'qos-2',
  severity: 'warning',
  why: 'aedes loses some of it to persistent sessions, and two more packets for each message cross the link. A receiver that drops repeats needs only QoS 1.',
  instead: 'topic <subtree>/# out 1',
  *find(configuration) {
    for (const topic of topicsIn(configuration)) if (topic.qos === '2') yield { at: topic, what: topic.text };
  },
};

const inlineComment: Trap = {
  id: 'inline-comment',
  severity: 'error',
  why: 'mosquitto knows comments only at the beginning of a line: the rest is taken as part of the value, on a topic line as a prefix.',
  instead: 'the comment on a line of its own',
  *find({ lines }) {
    for (const setting of lines) if (hasComment(setting)) yield { at: setting, what: `${setting.key} ${setting.value}` };
  },
};

/** Not the pattern of a topic, which may be `#`, and not a password, which may be anything. */
function hasComment({ key, value }: Setting): boolean {
  if (key.endsWith('password')) return false;
  const words = value.split(/ +/).slice(key === 'topic' ? 1 : 0);
  return words.some((word) => word.startsWith('#'));
}

export const topicTraps: readonly Trap[] = [both, everything, twoWays, rawRequests, unacknowledged, exactlyOnce, inlineComment];
