/** Deployments and how they ended, newest first. */
import { Age } from '../parts/age.tsx';
import { Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Status } from '../parts/status.tsx';
import { subjectOf } from '../state/causes.ts';
import { doubtAbout } from '../state/freshness.ts';
import { page, sites, world } from '../state/store.ts';
import { duration, withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';
import { thingHref } from './incident-card.tsx';

const t = texts.deployment;

export const DeploymentsView = () => {
  const all = [...world.value.deployments].sort((a, b) => (b.started_at ?? b.ts).localeCompare(a.started_at ?? a.ts));
  return (
    <>
      <Heading title={texts.views.deployments} />
      <Panel title={texts.views.deployments} count={all.length}>
        {all.length === 0 ? <Nothing>{t.none}</Nothing> : null}
        <ul class="lines">
          {all.map((each) => (
            <li key={`${each.node}/${each.correlation_id}`} class="line">
              <a href={thingHref(each.service === null ? each.node : `${each.node}/${each.service}`)}>
                <Status of={each.status} stale={doubtAbout(each.site, sites.value, page.value) !== null} />
                <span class="line-what">{subjectOf(each)}</span>
                <span class="line-note">
                  {each.message === '' ? withoutMark(each.summary) : each.message}
                  {each.started_at !== null && each.ended_at !== null ? ` · ${t.took(duration(Date.parse(each.ended_at) - Date.parse(each.started_at)))}` : ''}
                </span>
                <Age of={each.ended_at ?? each.started_at ?? each.ts} say={texts.frame.ago} />
              </a>
            </li>
          ))}
        </ul>
      </Panel>
    </>
  );
};
