/** One node: heartbeat, load, what runs there, who watches it. */
import { nodeDoubts } from '../../../../../contracts/actor-view.ts';
import { Age } from '../parts/age.tsx';
import { OldTag } from '../parts/doubt.tsx';
import { Facts, Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Mark, Status, wordOf } from '../parts/status.tsx';
import { href } from '../route.ts';
import { doubtAbout } from '../state/freshness.ts';
import { actors, calmNowMs, needs, nowMs, page, sites, world } from '../state/store.ts';
import { toneOf } from '../state/tones.ts';
import { bytes, duration } from '../state/words.ts';
import { texts } from '../texts.ts';
import { ActionCard } from './action-card.tsx';
import { ActorTable } from './actors.tsx';
import { AskPanel } from './ask.tsx';
import { CauseCard } from './incident-card.tsx';
import { Maintenance } from './service.tsx';

const t = texts.node;

const Meter = ({ label, percent, note = '' }: { readonly label: string; readonly percent: number; readonly note?: string }) => (
  <span class="meter">
    <meter min={0} max={100} high={90} value={percent} aria-label={label} />
    {Math.round(percent)} %{note === '' ? '' : `, ${note}`}
  </span>
);

const About = ({ name }: { readonly name: string }) => {
  const node = world.value.nodes.find((each) => each.node === name);
  const health = world.value.health.get(name);
  const desired = world.value.desired.get(name);
  if (node === undefined) return null;
  const isHeard = nodeDoubts(world.value, calmNowMs.value)(name) === null;
  return (
    <Facts
      of={[
        [t.site, node.site],
        [t.since, <Age key="since" of={node.since} say={texts.frame.ago} />],
        [t.heartbeat, node.last_seen === null ? '' : <Age of={node.last_seen} say={texts.frame.ago} />],
        [t.engine, isHeard ? node.engine : texts.frame.was(node.engine)],
        [t.cpu, health?.cpu_pct == null ? '' : <Meter label={t.cpu} percent={health.cpu_pct} />],
        [t.memory, health?.memory_pct == null ? '' : <Meter label={t.memory} percent={health.memory_pct} />],
        [
          t.disk,
          health?.disk_pct == null ? (
            ''
          ) : (
            <Meter
              label={t.disk}
              percent={health.disk_pct}
              note={health.disk_free_bytes === null ? '' : texts.action.diff.free(bytes(health.disk_free_bytes))}
            />
          ),
        ],
        [t.uptime, health?.uptime_s === undefined ? '' : duration(health.uptime_s * 1000 + nowMs.value - Date.parse(health.ts))],
        [t.roles, desired?.roles?.join(', ')],
        [t.location, desired?.location],
      ]}
    />
  );
};

const ServiceList = ({ name, isStale }: { readonly name: string; readonly isStale: boolean }) => (
  <ul class="cells">
    {world.value.services
      .filter(({ node }) => node === name)
      .map(({ service, status }) => (
        <li key={service}>
          <a class={`cell tone-${isStale ? 'unknown' : toneOf(status)}`} href={href('services', name, service)}>
            <Mark tone={isStale ? 'unknown' : toneOf(status)} />
            <span class="cell-name">{service}</span>
            <span class="cell-word">{isStale ? texts.frame.was(wordOf(status)) : wordOf(status)}</span>
          </a>
        </li>
      ))}
  </ul>
);

export const NodeView = ({ name }: { readonly name: string }) => {
  const node = world.value.nodes.find((each) => each.node === name);
  if (node === undefined)
    return (
      <>
        <Heading title={name} back={href('topology')} />
        <Nothing>{texts.frame.notThere}</Nothing>
      </>
    );
  const doubt = page.value === null ? doubtAbout(node.site, sites.value, null) : null;
  const isSilent = nodeDoubts(world.value, calmNowMs.value)(name)?.kind === 'silent';
  const isStale = doubt !== null || page.value !== null;
  const isIts = (each: { readonly node: string; readonly service: string | null }): boolean => each.node === name && each.service === null;
  const its = actors.value.filter(({ said }) => said.node === name);
  return (
    <>
      <Heading title={name} back={href('topology')}>
        <p class="quiet-text">
          <Status of={node.status} stale={isStale} /> <OldTag doubt={doubt} /> {isSilent && !isStale ? t.silent : ''}
        </p>
      </Heading>
      <Maintenance node={name} service={null} />
      <div class="columns">
        <div class="column">
          {[...needs.value.pending, ...needs.value.underWay].filter(isIts).map((action) => (
            <ActionCard key={action.id} action={action} />
          ))}
          {needs.value.causes
            .filter(({ incident }) => isIts(incident))
            .map((cause) => (
              <CauseCard key={cause.incident.id} cause={cause} />
            ))}
          <Panel title={t.services}>
            <ServiceList name={name} isStale={isStale} />
          </Panel>
        </div>
        <div class="column">
          <Panel title={texts.action.details}>
            <About name={name} />
          </Panel>
          {node.status === 'unmonitored' ? null : <AskPanel node={name} service={null} />}
          {its.length === 0 ? null : (
            <Panel title={t.actors}>
              <ActorTable actors={its} />
            </Panel>
          )}
        </div>
      </div>
    </>
  );
};
