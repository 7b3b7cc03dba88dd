/** One service: how it is, what should be, what the supervisor thinks of it, what is open about it, and what may be asked for. */
import type { WorldService } from '../../../../../contracts/world.ts';
import { Age, Clock } from '../parts/age.tsx';
import { OldTag } from '../parts/doubt.tsx';
import { Facts, Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { doubtAbout } from '../state/freshness.ts';
import { needs, nowMs, page, sites, world } from '../state/store.ts';
import { clockTime } from '../state/words.ts';
import { texts } from '../texts.ts';
import { ActionCard } from './action-card.tsx';
import { Diff } from './actions.tsx';
import { AskPanel } from './ask.tsx';
import { CauseCard, thingHref } from './incident-card.tsx';

const t = texts.service;

export const Maintenance = ({ node, service }: { readonly node: string; readonly service: string | null }) => {
  const windows = world.value.maintenance.get(node)?.windows ?? [];
  const holding = windows.filter((each) => each.service === null || each.service === service);
  return (
    <>
      {holding.map(({ until, reason }) => (
        <p key={until} class="note-line">
          {t.maintenance(clockTime(until, nowMs.value), reason)}
        </p>
      ))}
    </>
  );
};

const Decision = ({ service }: { readonly service: WorldService }) => {
  const said = world.value.decisions.get(service.node)?.services.find((each) => each.service === service.service);
  if (said === undefined) return null;
  return (
    <Panel title={t.decision}>
      <p class="evidence">
        {said.why}
        {said.until === undefined ? '' : ` (${t.until(clockTime(said.until, nowMs.value))})`}
      </p>
    </Panel>
  );
};

const List = ({ of }: { readonly of: readonly string[] }) => (
  <>
    {of.map((what) => (
      <a key={what} class="inline" href={thingHref(what)}>
        {what}
      </a>
    ))}
  </>
);

const About = ({ service }: { readonly service: WorldService }) => {
  const me = `${service.node}/${service.service}`;
  const health = world.value.serviceHealth.get(me);
  const wanted = world.value.desired.get(service.node)?.services.find(({ name }) => name === service.service);
  const neededBy = [...world.value.desired.values()].flatMap(({ node, services }) =>
    services.filter(({ depends_on }) => depends_on?.includes(me)).map(({ name }) => `${node}/${name}`),
  );
  return (
    <Facts
      of={[
        [t.since, <Clock key="since" at={service.since} />],
        [t.lastWord, service.last_update === null ? '' : <Age of={service.last_update} say={texts.frame.ago} />],
        [t.container, health?.container ?? ''],
        [texts.node.site, service.site],
        [t.needs, wanted?.depends_on === undefined || wanted.depends_on.length === 0 ? '' : <List of={wanted.depends_on} />],
        [t.neededBy, neededBy.length === 0 ? '' : <List of={neededBy} />],
      ]}
    />
  );
};

export const ServiceView = ({ node, name }: { readonly node: string; readonly name: string }) => {
  const service = world.value.services.find((each) => each.node === node && each.service === name);
  if (service === undefined)
    return (
      <>
        <Heading title={texts.on(name, node)} back={href('services')} />
        <Nothing>{texts.frame.notThere}</Nothing>
      </>
    );
  const doubt = page.value === null ? doubtAbout(service.site, sites.value, null) : null;
  const isIts = (each: { readonly node: string; readonly service: string | null }): boolean => each.node === node && each.service === name;
  const cause = needs.value.causes.find(({ incident }) => isIts(incident) || incident.id === service.incident_id);
  return (
    <>
      <Heading title={texts.on(name, node)} back={href('services')}>
        <p class="quiet-text">
          <Status of={service.status} stale={doubt !== null || page.value !== null} /> <OldTag doubt={doubt} />{' '}
          {service.reason === null ? '' : (texts.reasons[service.reason] ?? '')} <Age of={service.since} />
        </p>
      </Heading>
      <Maintenance node={node} service={name} />
      <div class="columns">
        <div class="column">
          {[...needs.value.pending, ...needs.value.underWay].filter(isIts).map((action) => (
            <ActionCard key={action.id} action={action} />
          ))}
          {cause === undefined ? null : <CauseCard cause={cause} />}
          <Diff target={{ node, service: name }} />
        </div>
        <div class="column">
          <Panel title={texts.action.details}>
            <About service={service} />
          </Panel>
          <Decision service={service} />
          <AskPanel node={node} service={name} />
        </div>
      </div>
    </>
  );
};
