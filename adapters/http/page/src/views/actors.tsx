/** The actors themselves: what each is doing by its own word, since when, how often it was started again, and why. */
import type { ActorView } from '../../../../../contracts/actor-view.ts';
import { Age } from '../parts/age.tsx';
import { Heading, Nothing, Panel } from '../parts/panel.tsx';
import { Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { doubtAbout } from '../state/freshness.ts';
import { actors, nowMs, page, sites, world } from '../state/store.ts';
import { toneOf, toneRank } from '../state/tones.ts';
import { clockTime } from '../state/words.ts';
import { texts } from '../texts.ts';

const t = texts.actor;

const siteOf = (node: string | undefined): string => world.value.nodes.find((each) => each.node === node)?.site ?? '';

/** When what it said last ceased to be its word; an empty string: it is known. */
function notKnown({ said, doubt }: ActorView): string {
  const about = doubtAbout(siteOf(said.node), sites.value, page.value);
  if (doubt === null && about === null) return '';
  const since = doubt === null ? about?.sinceMs : doubt.since;
  return t.notKnown(since == null ? texts.someTime : clockTime(since, nowMs.value));
}

const Row = ({ view }: { readonly view: ActorView }) => {
  const { said: actor } = view;
  const since = notKnown(view);
  const isStale = since !== '';
  return (
    <tr class={isStale ? 'stale' : ''}>
      <th scope="row">{actor.actor}</th>
      <td data-label={t.columns.status}>
        <Status of={actor.status} stale={isStale} />
        {isStale ? <span class="quiet-text"> {since}</span> : null}
      </td>
      <td data-label={t.columns.mode} class="free-text">
        <span class="mode">{actor.mode ?? t.noMode}</span>
        {actor.detail === null || actor.detail === undefined ? null : <span class="quiet-text"> {actor.detail}</span>}
      </td>
      <td data-label={t.columns.since}>{actor.mode_since === undefined || isStale ? '' : <Age of={actor.mode_since} />}</td>
      <td data-label={t.columns.restarts} class={actor.restarts > 0 ? 'differs' : 'is-zero'}>
        {actor.restarts}
        {actor.quarantined > 0 ? `, ${t.quarantined(actor.quarantined)}` : ''}
      </td>
      <td data-label={t.columns.error} class={`free-text ${actor.last_error === null ? 'is-zero' : 'differs'}`}>
        {actor.last_error ?? ''}
      </td>
    </tr>
  );
};

export const ActorTable = ({ actors: shown }: { readonly actors: readonly ActorView[] }) => (
  <table class="table">
    <thead>
      <tr>
        {[t.columns.actor, t.columns.status, t.columns.mode, t.columns.since, t.columns.restarts, t.columns.error].map((column) => (
          <th key={column} scope="col">
            {column}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {[...shown]
        .sort((a, b) => toneRank(toneOf(a.status)) - toneRank(toneOf(b.status)) || (a.said.actor ?? '').localeCompare(b.said.actor ?? ''))
        .map((view) => (
          <Row key={view.said.actor} view={view} />
        ))}
    </tbody>
  </table>
);

export const ActorsView = () => {
  const nodes = [...new Set(world.value.actors.map(({ node }) => node ?? ''))];
  const versions = new Set(world.value.actors.map(({ version }) => version));
  return (
    <>
      <Heading title={texts.views.actors}>
        <p class="quiet-text">
          {t.columns.version} {[...versions].join(', ')}
        </p>
      </Heading>
      {nodes.length === 0 ? <Nothing>{t.none}</Nothing> : null}
      {nodes.map((node) => (
        <Panel key={node} title={node} more={{ href: href('nodes', node), label: texts.action.details }}>
          <ActorTable actors={actors.value.filter(({ said }) => said.node === node)} />
        </Panel>
      ))}
    </>
  );
};
