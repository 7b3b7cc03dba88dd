/** Whether some topic fits both of two subscription filters (MQTT 3.1.1, 4.7). Pure. */

export function filtersOverlap(a: string, b: string): boolean {
  const [left, right] = [a.split('/'), b.split('/')];
  // Wildcards in front do not reach what brokers say about themselves (4.7.2).
  if (a.startsWith('$') !== b.startsWith('$')) return false;
  for (let at = 0; ; at += 1) {
    const [mine, yours] = [left[at], right[at]];
    // `a/#` also fits `a` itself.
    if (mine === '#' || yours === '#') return true;
    if (mine === undefined || yours === undefined) return mine === yours;
    if (mine !== yours && mine !== '+' && yours !== '+') return false;
  }
}
