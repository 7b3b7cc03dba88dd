/** What the connection of every actor reads beside what the actor asked for. */
import type { ActorName } from '../contracts/actor-names.ts';
import { topics } from '../contracts/topics.ts';
import type { Read } from './actor.ts';

/**
 * Beside the observer of the site the bridge keeps events, and a site may have had one: its manifest proves that its cursors are no
 * more to who was away when it said so. The observer's is long, and without its cursor nothing leaves an outbox anyway.
 */
const storeThatMayLeave: ActorName = 'bridge';

/** Cursors acknowledge the outbox, those of every store; manifests of the writers it reads prove deletions; probes are its fence. */
export function alwaysRead(reads: readonly Read[], self: { readonly node: string; readonly login: string }): readonly Read[] {
  const owners = reads.filter((read) => read.topic.kind === 'document').map((read) => read.topic.owner);
  const writers = new Set([storeThatMayLeave, ...owners.filter((owner) => !owner.includes(' '))]);
  return [
    { topic: topics.cursor, levels: { node: self.node } },
    { topic: topics.probe, levels: { login: self.login } },
    ...[...writers].map((actor) => ({ topic: topics.manifest, levels: { actor } })),
  ];
}
