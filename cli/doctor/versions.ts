/** Versions: Node against what package.json asks for, Compose (for information), and what other programs on the bus run. Pure. */
import type { ActorStatus } from '../../contracts/actor-status.ts';
import { type Finding, findingsOf, listed } from './finding.ts';

/** `needs` as package.json says it, of the form `>=20.19`. */
export function checkNode(running: string, needs: string): Finding {
  const say = findingsOf('node version');
  const isEnough = compare(numbers(running), numbers(needs)) >= 0;
  if (isEnough) return say.ok(`Node ${running.replace(/^v/, '')}`, `${needs} is needed`);
  return say.error(
    `Node ${running.replace(/^v/, '')} is older than ${needs}`,
    'homelab may fail anywhere',
    `nvm install ${numbers(needs)[0]}   # or the package of your system`,
  );
}

const numbers = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** null: not installed. */
export function checkCompose(version: string | null): Finding {
  const say = findingsOf('docker compose');
  if (version === null)
    return say.ok('not found (for information)', 'homelab validate leaves out its check of the Compose files, and a redeploy here fails with compose_missing');
  return say.ok(`version ${version} (for information)`, 'homelab validate puts the Compose files before it, and a redeploy runs it');
}

export function checkOtherVersions(ours: string, actors: readonly ActorStatus[]): Finding {
  const say = findingsOf('versions on the bus');
  const online = actors.filter((actor) => actor.status === 'online');
  const others = online.filter((actor) => withoutBuild(actor.version) !== withoutBuild(ours));
  if (online.length === 0) return say.ok(`this is ${ours}; nobody else is online`, 'there is nothing to compare');
  if (others.length === 0) return say.ok(`all ${online.length} actors run ${ours}`, 'all speak the same contracts');
  const names = others.map((actor) => `${actor.actor ?? 'an actor'} on ${actor.node ?? 'some node'} ${actor.version}`);
  const nodes = [...new Set(others.map((actor) => actor.node ?? 'that machine'))];
  return say.warning(
    `this is ${ours}, but ${listed(names)}`,
    'messages may not fit the contracts of the other version',
    `git pull && npm ci && npm start   # on ${listed(nodes)}`,
  );
}

/** What follows a `+` does not make another version (semver 2.0, 10); the demo marks its own so. */
const withoutBuild = (version: string): string => version.split('+')[0] ?? version;
