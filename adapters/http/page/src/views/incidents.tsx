/** Troubles as a timeline: open causes, when what was wrong, what is over; and one with all that happened to it. */
import { useState } from 'preact/hooks';
import type { Incident } from '../../../../../contracts/incident.ts';
import { Age, Clock } from '../parts/age.tsx';
import { OldTag } from '../parts/doubt.tsx';
import { Facts, Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { causesOf, subjectOf } from '../state/causes.ts';
import { doubtAbout } from '../state/freshness.ts';
import { barsOf } from '../state/incident-chart.ts';
import { calmNowMs, needs, nowMs, page, sites, world } from '../state/store.ts';
import { clockTime, duration } from '../state/words.ts';
import { texts } from '../texts.ts';
import { CauseCard, Consequences, flappingWords, kindOf, thingHref } from './incident-card.tsx';

const t = texts.incident;
const hours = { day: 24, week: 168 } as const;

const Chart = () => {
  const [span, setSpan] = useState<keyof typeof hours>('day');
  const bars = barsOf(world.value.incidents, { nowMs: calmNowMs.value, spanMs: hours[span] * 3_600_000 });
  return (
    <Panel title={t.chart} note={t.chartNote}>
      <fieldset class="segments">
        <legend class="visually-hidden">{t.span}</legend>
        {(['day', 'week'] as const).map((each) => (
          <button key={each} type="button" aria-pressed={span === each} onClick={() => setSpan(each)}>
            {t.spans[each]}
          </button>
        ))}
      </fieldset>
      {bars.length === 0 ? <Nothing>{t.none}</Nothing> : null}
      <ul class="chart">
        {bars.map(({ incident, left, width }) => {
          const until = incident.resolved_at === null ? t.stillOpen : clockTime(incident.resolved_at, nowMs.value);
          const label = t.chartRow(subjectOf(incident), kindOf(incident.kind), clockTime(incident.started_at, nowMs.value), until);
          return (
            <li key={incident.id}>
              <a href={href('incidents', incident.id)} aria-label={label}>
                <span class="chart-name">{subjectOf(incident)}</span>
                <span class="chart-track">
                  <span class={`chart-bar ${incident.status} severity-${incident.severity}`} style={{ left: `${left}%`, width: `${width}%` }} />
                </span>
              </a>
            </li>
          );
        })}
      </ul>
      <p class="chart-scale" aria-hidden="true">
        <span>{texts.frame.ago(t.spans[span])}</span>
        <span>{t.stillOpen}</span>
      </p>
    </Panel>
  );
};

const lasted = ({ started_at, resolved_at }: Incident): string =>
  resolved_at === null ? '' : t.lasted(duration(Date.parse(resolved_at) - Date.parse(started_at)));

const OverLine = ({ incident }: { readonly incident: Incident }) => (
  <li class="line">
    <a href={href('incidents', incident.id)}>
      <Status of={incident.status} stale={doubtAbout(incident.site, sites.value, page.value) !== null} />
      <span class="line-what">{subjectOf(incident)}</span>
      <span class="line-note">{[kindOf(incident.kind), lasted(incident), incident.message].filter((part) => part !== '').join(' · ')}</span>
      <Age of={incident.resolved_at ?? incident.ts} say={texts.frame.ago} />
    </a>
  </li>
);

export const IncidentsView = () => {
  const over = world.value.incidents.filter(({ status }) => status === 'resolved').sort((a, b) => (b.resolved_at ?? b.ts).localeCompare(a.resolved_at ?? a.ts));
  const { causes } = needs.value;
  return (
    <>
      <Heading title={texts.views.incidents} />
      <div class="columns">
        <div class="column">
          <Panel title={t.open} count={causes.length}>
            {causes.length === 0 ? <Nothing>{t.none}</Nothing> : causes.map((cause) => <CauseCard key={cause.incident.id} cause={cause} />)}
          </Panel>
        </div>
        <div class="column">
          <Chart />
          <Panel title={t.over} count={over.length}>
            {over.length === 0 ? <Nothing>{t.noneAtAll}</Nothing> : null}
            <ul class="lines">
              {over.map((incident) => (
                <OverLine key={incident.id} incident={incident} />
              ))}
            </ul>
          </Panel>
        </div>
      </div>
    </>
  );
};

const Timeline = ({ incident }: { readonly incident: Incident }) => (
  <Panel title={t.timeline}>
    <ol class="timeline">
      <li>
        <Clock at={incident.started_at} /> <b>{incident.trigger_type.replaceAll('_', ' ')}</b> <span class="quiet-text">{incident.message}</span>
      </li>
      {incident.timeline.map(({ at, what, detail }) => (
        <li key={`${at}${what}`}>
          <Clock at={at} /> <b>{t.changes[what] ?? what}</b> <span class="quiet-text">{detail ?? ''}</span>
        </li>
      ))}
    </ol>
  </Panel>
);

const Links = ({ incident }: { readonly incident: Incident }) => {
  const actions = world.value.actions.filter(({ evidence }) => evidence.incident_id === incident.id);
  const link = (id: string | null) => (id === null ? '' : <a href={href('incidents', id)}>{id}</a>);
  const thing = incident.service === null ? incident.node : `${incident.node}/${incident.service}`;
  return (
    <Facts
      of={[
        [t.severity, texts.words[incident.severity] ?? incident.severity],
        [t.first, <Clock key="first" at={incident.started_at} />],
        [t.last, <Clock key="last" at={incident.last_occurrence} />],
        [t.occurrences, t.times(incident.occurrence_count)],
        [t.resolvedBy, incident.resolved_by?.replaceAll('_', ' ')],
        [t.explainedBy, link(incident.suppressed_by)],
        [t.related, link(incident.related)],
        [
          incident.service === null ? texts.views.nodes : texts.views.services,
          <a key="thing" href={thingHref(thing)}>
            {thing}
          </a>,
        ],
        [
          t.actionWay,
          actions.length === 0
            ? t.noAction
            : actions.map((action) => (
                <a key={action.id} href={href('actions', action.id)}>
                  {action.id} ({texts.words[action.status] ?? action.status})
                </a>
              )),
        ],
      ]}
    />
  );
};

export const IncidentView = ({ id }: { readonly id: string }) => {
  const incident = world.value.incidents.find((each) => each.id === id);
  if (incident === undefined)
    return (
      <>
        <Heading title={id} back={href('incidents')} />
        <Nothing>{texts.frame.notThere}</Nothing>
      </>
    );
  const doubt = page.value === null ? doubtAbout(incident.site, sites.value, null) : null;
  const cause = causesOf(world.value).find((each) => each.incident.id === id) ?? {
    incident,
    consequences: incident.consequences,
    more: 0,
    explained: [],
    action: null,
  };
  return (
    <>
      <Heading title={`${subjectOf(incident)}: ${kindOf(incident.kind)}`} back={href('incidents')}>
        <p class="quiet-text">
          <Status of={incident.status === 'active' ? incident.severity : incident.status} stale={doubt !== null || page.value !== null} />{' '}
          <OldTag doubt={doubt} /> {incident.status === 'active' ? <Age of={incident.started_at} say={t.since} /> : lasted(incident)}{' '}
          {incident.flapping ? flappingWords(incident) : ''}
        </p>
      </Heading>
      <div class="columns">
        <div class="column">
          <Panel title={t.why}>
            <p class="evidence">{incident.message}</p>
            <Consequences cause={cause} />
            <Links incident={incident} />
          </Panel>
        </div>
        <div class="column">
          <Timeline incident={incident} />
        </div>
      </div>
    </>
  );
};
