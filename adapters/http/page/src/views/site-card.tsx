/** A site in a few lines: how it is, how fresh that is, what there is of it. */
import type { SiteSummary } from '../../../../../contracts/world.ts';
import { Age } from '../parts/age.tsx';
import { doubtWords } from '../parts/doubt.tsx';
import { Mark, Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import type { SiteView } from '../state/freshness.ts';
import { here, nowMs, page, world } from '../state/store.ts';
import { toneOf } from '../state/tones.ts';
import { clockTime } from '../state/words.ts';
import { texts } from '../texts.ts';

const t = texts.site;

/** "link up, 20 s ago" */
export function linkWordsOf({ link, doubt }: Pick<SiteView, 'link' | 'doubt'>, now: number): string {
  if (doubt?.kind === 'never' || doubt?.kind === 'unheard') return t[doubt.kind];
  if (doubt?.kind === 'dark') return t.linkDown(doubt.sinceMs === null ? texts.someTime : clockTime(doubt.sinceMs, now));
  if (link === null) return '';
  if (link.status === 'down') return t.linkDown(link.downSince === null ? texts.someTime : clockTime(link.downSince, now));
  if (!link.isCrossed) return t.linkHere;
  const age = `${Math.max(0, Math.round((now - Date.parse(link.heardAt)) / 1000))} s`;
  return link.status === 'up' ? t.linkUp(age) : t.linkDegraded(age);
}

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, each) => total + each, 0);

const Figures = ({ of: { services, nodes, incidents_active } }: { readonly of: SiteSummary }) => (
  <p class="figures">
    <span>
      <b>
        {services['healthy'] ?? 0}/{sum(services)}
      </b>{' '}
      {t.services}
    </span>
    <span>
      <b>
        {nodes['online'] ?? 0}/{sum(nodes) - (nodes['unmonitored'] ?? 0)}
      </b>{' '}
      {t.nodes}
    </span>
    <span>
      <b>{incidents_active}</b> {t.incidents}
    </span>
  </p>
);

export const SiteCard = ({ view }: { readonly view: SiteView }) => {
  const { site, said, link, doubt } = view;
  const isStale = doubt !== null || page.value !== null;
  const raw = world.value.links.find((each) => each.site === site);
  const words = linkWordsOf(view, nowMs.value);
  return (
    <article class={`card site ${isStale ? 'stale' : ''}`}>
      <div class="card-head">
        <h3>
          <a href={href('topology')}>{site}</a>
        </h3>
        {said === null ? <Status of="unknown" /> : <Status of={said.status} stale={isStale} />}
      </div>
      {doubt === null ? null : <p class="warning-line">{doubtWords(doubt, nowMs.value)}</p>}
      {said === null ? null : <Figures of={said} />}
      <p class="card-foot">
        {words === '' ? (
          <span>{site === here.value.site ? t.hub : ''}</span>
        ) : (
          <span class="status">
            <Mark tone={toneOf(link?.status ?? 'unknown')} />
            {words}
          </span>
        )}
        {raw !== undefined && raw.backlog > 0 ? <span>{t.backlog(raw.backlog)}</span> : null}
        {view.heardAt === null ? texts.now.nothingHeard : <Age of={view.heardAt} say={t.heard} />}
      </p>
      {raw?.clock_offset_ms != null && Math.abs(raw.clock_offset_ms) >= 5000 ? (
        <p class="warning-line">{t.clock((Math.abs(raw.clock_offset_ms) / 1000).toFixed(0))}</p>
      ) : null}
    </article>
  );
};
