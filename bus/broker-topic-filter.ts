/** Does a topic fit a subscription filter (MQTT 3.1.1, 4.7)? Shared by the in-memory broker and the retained store of the embedded one. */

/** `+` is one level, `#` the rest including none; neither matches a leading `$` level (4.7.2). */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  // The two commonest kinds, without splitting: a broker may test 100,000 retained topics for one subscription.
  const plain = !filter.includes('+');
  if (plain && !filter.endsWith('#')) return false;
  if (plain && filter !== '#') {
    const parent = filter.slice(0, -2);
    return topic.startsWith(parent) && (topic.length === parent.length || topic[parent.length] === '/');
  }
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [at, want] of wanted.entries()) {
    if (want === '#') return true;
    const level = levels[at];
    if (level === undefined || (want !== '+' && want !== level)) return false;
  }
  return wanted.length === levels.length;
}

/** Why this cannot be a filter, or null. */
export function filterProblem(filter: string): string | null {
  if (filter === '') return 'it is empty';
  for (const [at, level] of filter.split('/').entries()) {
    if (level.includes('#') && (level !== '#' || at !== filter.split('/').length - 1)) return '# stands alone, at the end';
    if (level.includes('+') && level !== '+') return '+ stands alone in its level';
  }
  return null;
}
