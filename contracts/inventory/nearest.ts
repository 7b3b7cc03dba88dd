/** The known word that somebody most likely meant: for hints after a misspelt key, service or node. Pure. */

/** Swapped letters are two edits; beyond that a guess misleads more often than it helps. */
const editsMax = 2;

/** null: nothing is close enough. Of equally close words the first. */
export function nearestOf(word: string, known: Iterable<string>): string | null {
  let nearest: string | null = null;
  let fewest = Math.min(editsMax, Math.floor((word.length - 1) / 2)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue;
    const edits = editsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/** Levenshtein's distance, a row at a time. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
