/** What would change each decision of the supervisor, for a person. One line for each code, so that none is left unexplained. */
import type { DecisionCode } from '../../contracts/action.ts';

export const advice: Readonly<Record<DecisionCode, string>> = {
  well: 'trouble that outlives its grace',
  not_monitored: 'monitor: true in hosts/<node>/services.yaml',
  let_go: 'declaring it in hosts/<node>/services.yaml: then any stop is drift',
  not_heard: 'the first word of the observer: homelab doctor',
  node_unmonitored: 'a node-agent on that node',
  node_unknown: 'the node, or its engine, answering again',
  state_unknown: 'word from its node',
  closing: 'its incident closes a moment after it does well, or after 10 quiet minutes if it flaps',
  grace: 'an incident opens when it outlives its grace; or it passes',
  explained: 'the end of its cause; if it does not do well then, it gets a proposal of its own',
  maintenance: 'the end of the window',
  history: 'being said again',
  told: 'being said again',
  cleanup_not_allowed: 'a cleanup_class in hosts/<node>/capabilities.yaml that allows one; else make room by hand',
  asked: 'the ledger shows it within seconds; if not: homelab doctor',
  waiting: 'your yes or no',
  under_way: 'its end',
  answered: 'time, or evidence of another kind',
  still_open: 'time, the end of the incident, or another occurrence of it',
  once: 'a new incident; homelab repairs nothing more of this one: look at it',
  crash_loop: 'time; look at its diagnostics',
  cause_first: 'the end of that action',
  cooldown: 'time',
  settling: 'half a minute',
  transition: 'time: it is starting',
  cleanup_too_soon: 'time',
  id_clash: 'another name for one of the two services',
  id_too_long: 'a shorter name of the node or the service',
};

/** Nothing is wrong. */
export const calm: readonly DecisionCode[] = ['well', 'not_monitored', 'let_go', 'told', 'history'];
