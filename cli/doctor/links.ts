/** The links between sites that end at this broker, by what their bridges say. Pure. */
import type { LinkStatus } from '../../contracts/link.ts';
import { awaitedSitesOf, type LinkView, linkViewsOf } from '../../contracts/link-view.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import { awaitedWords, linkWords } from '../link-view.ts';
import { type Finding, findingsOf } from './finding.ts';

const say = findingsOf('links');

/** As between machines of one site: time servers keep them within 0.1 s. */
const clockMs = 5_000;

export interface LinksAsked {
  readonly nowMs: number;
  /** Site of this machine. */
  readonly here: string;
  readonly sites: readonly SiteSummary[];
  readonly links: readonly LinkStatus[];
}

/** Nothing is said where there is no other site. */
export const checkLinks = ({ nowMs, ...evidence }: LinksAsked): readonly Finding[] => [
  ...[...linkViewsOf(evidence, nowMs).values()].map((link) => checkLink(link, nowMs)),
  ...awaitedSitesOf(evidence).map((site) =>
    say.warning(
      `${site.site}: ${awaitedWords(site, nowMs)}`,
      'it is declared in the inventory, and nothing of it is shown here',
      `homelab doctor   # on a machine of ${site.site}`,
    ),
  ),
];

function checkLink(link: LinkView, nowMs: number): Finding {
  const { site, status, isCrossed, offsetMs } = link;
  const found = `${site}: ${linkWords(link, nowMs)}`;
  const there = isCrossed ? `homelab doctor   # on a machine of ${site}` : 'homelab status   # at the hub; the site works on without it';
  if (status === 'down')
    return say.warning(found, isCrossed ? `${site} works on by itself; what is shown of it is from then` : 'the hub sees nothing of this site', there);
  if (status === 'degraded') return say.warning(found, 'the hub is reached, but something on the way is not as it should be', there);
  if (offsetMs !== null && Math.abs(offsetMs) >= clockMs)
    return say.warning(
      `${found}; the clocks of ${site} and of the hub are ${Math.round(Math.abs(offsetMs) / 1000)} s apart`,
      'from 5 min on nothing can be approved across the link',
      'sudo timedatectl set-ntp true   # on both sides',
    );
  return say.ok(found, isCrossed ? `what is shown of ${site} is as fresh as that` : 'the hub sees this site');
}
