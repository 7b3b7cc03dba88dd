/**
 * What the writers of the site say they own: the only proof that a document of theirs is no more (absence proves nothing,
 * because a broker may have lost its memory). Pure apart from its own map.
 *
 * A manifest counts while it is its writer's of this session: the actor's own status, from the same connection, says which that is.
 */
import { Manifest } from '../../contracts/actor-status.ts';
import type { Copy } from './copy.ts';
import type { Place } from './directions.ts';

interface Claim {
  readonly session: number;
  readonly topics: ReadonlySet<string>;
}

const writerKey = (node: string, actor: string): string => `${node}/${actor}`;

export class Manifests {
  private readonly claims = new Map<string, Claim>();
  private readonly sessions = new Map<string, number>();

  /** Notes what a document says of its writer, if it says something of one. */
  hear(place: Place, copy: Copy): void {
    const { node = '', actor = '' } = place.levels;
    const key = writerKey(node, actor);
    if (place.name === 'actorStatus') {
      // A will, or `stopped`, ends nothing: what the writer said last in this session stays true.
      this.sessions.set(key, copy.session);
    } else if (place.name === 'manifest') {
      if (copy.isGone) this.claims.delete(key);
      else this.claim(key, copy);
    }
  }

  /** No living writer that could own this topic lists it, and there is one that could. */
  disowns(topic: string, { name, row, levels }: Place): boolean {
    if (name === 'actorStatus' || name === 'manifest') return false;
    const claims = [...this.claims].filter(([key, { session }]) => this.owns(key, row.owner, levels['node']) && this.sessions.get(key) === session);
    return claims.length > 0 && claims.every(([, claim]) => !claim.topics.has(topic));
  }

  private claim(key: string, copy: Copy): void {
    const manifest = Manifest.safeParse(JSON.parse(copy.text));
    if (manifest.success) this.claims.set(key, { session: copy.session, topics: new Set(manifest.data.topics) });
  }

  /** The node-agent writes about its own node; observer, ledger and supervisor about every node of their site. */
  private owns(key: string, owner: string, node: string | undefined): boolean {
    return owner === 'node-agent' ? key === writerKey(node ?? '', owner) : key.endsWith(`/${owner}`);
  }
}
