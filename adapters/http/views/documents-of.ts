/** The documents of one row of the topic table, in the order of their topics. */
import type { Picture } from '../../../actors/operator-ui/ports.ts';
import type { PayloadOf, Topic } from '../../../contracts/topic.ts';

export function documentsOf<T extends Topic>({ documents }: Pick<Picture, 'documents'>, topic: T): readonly PayloadOf<T>[] {
  const found: [string, PayloadOf<T>][] = [];
  // The bus has checked them against the contract of their row.
  for (const [name, doc] of documents) if (topic.match(name) !== null) found.push([name, doc as PayloadOf<T>]);
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, doc]) => doc);
}
