/** The first view: what needs me, then what is wrong, then how everything is. */
import { Age } from '../parts/age.tsx';
import { Nothing, Panel } from '../parts/panel.tsx';
import { Mark, Status, wordOf } from '../parts/status.tsx';
import { href } from '../route.ts';
import { phraseOf, touchedAt } from '../state/action-view.ts';
import { countsOf, subjectOf } from '../state/causes.ts';
import type { Verdict } from '../state/needs.ts';
import { mayDecide, needs, nowMs, page, sites, verdict, world } from '../state/store.ts';
import type { Tone } from '../state/tones.ts';
import { ageOf } from '../state/words.ts';
import { texts } from '../texts.ts';
import { ActionCard, ActionLine } from './action-card.tsx';
import { CauseCard, thingHref } from './incident-card.tsx';
import { SiteCard } from './site-card.tsx';

const t = texts.now;

const tones: Readonly<Record<Verdict, Tone>> = {
  reading: 'unknown',
  waiting: 'warn',
  doubt: 'unknown',
  critical: 'bad',
  trouble: 'warn',
  uneasy: 'warn',
  empty: 'unknown',
  well: 'ok',
};

/** Finished actions that are shown below everything else. */
const recentShown = 5;

/** When the site that has been silent longest was heard. */
function lastWord(): string {
  const heard = sites.value.map(({ heardAt }) => heardAt);
  const oldest = heard.reduce<string | null>((least, each) => (each !== null && (least === null || each < least) ? each : least), null);
  return oldest === null ? t.nothingHeard : t.lastWord(ageOf(oldest, nowMs.value));
}

const VerdictLine = () => {
  const { pending, causes } = needs.value;
  const { healthy, wanted, online, expected } = countsOf(
    world.value,
    new Set(sites.value.filter(({ doubt }) => doubt !== null || page.value !== null).map(({ site }) => site)),
  );
  const tone = tones[verdict.value];
  const line =
    verdict.value === 'empty' ? [t.empty] : verdict.value === 'reading' ? [t.notYet] : [lastWord(), t.counts(healthy, wanted), t.nodes(online, expected)];
  return (
    <header class={`verdict tone-${tone}`}>
      <Mark tone={tone} />
      <div>
        <h1 id="view-title" tabIndex={-1}>
          {t.verdict[verdict.value]({ pending: pending.length, causes: causes.length, mayDecide: mayDecide.value })}
        </h1>
        <p>{line.join(' · ')}</p>
      </div>
    </header>
  );
};

const Loose = () => (
  <ul class="lines">
    {needs.value.loose.map((each) => (
      <li key={`${each.node}/${each.service ?? ''}`} class="line">
        <a href={thingHref(each.service === null ? each.node : `${each.node}/${each.service}`)}>
          <Status of={each.status} stale={page.value !== null} />
          <span class="line-what">{subjectOf(each)}</span>
          <span class="line-note">{each.reason === null ? '' : (texts.reasons[each.reason] ?? each.reason)}</span>
          <Age of={each.since} />
        </a>
      </li>
    ))}
  </ul>
);

const ActorLines = () => (
  <ul class="lines">
    {needs.value.actors.map((actor) => (
      <li key={`${actor.node}/${actor.actor}`} class="line">
        <a href={href('actors')}>
          <Status of={actor.status === 'online' ? 'warning' : actor.status} stale={page.value !== null} />
          <span class="line-what">{texts.on(actor.actor ?? '', actor.node ?? '')}</span>
          <span class="line-note">{actor.detail ?? actor.last_error ?? ''}</span>
          <Age of={actor.mode_since ?? actor.ts} />
        </a>
      </li>
    ))}
  </ul>
);

const Side = () => {
  const over = world.value.actions.filter(({ status }) => !['pending', 'approved', 'running'].includes(status));
  const recent = over.sort((a, b) => touchedAt(b).localeCompare(touchedAt(a))).slice(0, recentShown);
  return (
    <div class="column">
      <Panel title={t.sites} count={sites.value.length}>
        {sites.value.map((view) => (
          <SiteCard key={view.site} view={view} />
        ))}
      </Panel>
      {recent.length === 0 ? null : (
        <Panel title={t.recent} more={{ href: href('actions'), label: t.allActions }}>
          <ul class="lines">
            {recent.map((action) => (
              <ActionLine key={action.id} action={action} />
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
};

export const NowView = () => {
  const { pending, underWay, causes, loose, actors } = needs.value;
  return (
    <>
      <VerdictLine />
      <div class="columns">
        <div class="column">
          {pending.length === 0 ? null : (
            <Panel title={t.waiting(mayDecide.value)} count={pending.length} class="urgent">
              {pending.map((action) => (
                <ActionCard key={action.id} action={action} />
              ))}
            </Panel>
          )}
          {underWay.length === 0 ? null : (
            <Panel title={t.underWay} count={underWay.length}>
              {underWay.map((action) => (
                <ActionCard key={action.id} action={action} />
              ))}
            </Panel>
          )}
          {causes.length === 0 ? null : (
            <Panel title={t.incidents} count={causes.length} more={{ href: href('incidents'), label: t.allIncidents }}>
              {causes.map((cause) => (
                <CauseCard key={cause.incident.id} cause={cause} />
              ))}
            </Panel>
          )}
          {loose.length === 0 ? null : (
            <Panel title={t.loose} count={loose.length} note={t.looseNote}>
              <Loose />
            </Panel>
          )}
          {actors.length === 0 ? null : (
            <Panel title={t.actors} count={actors.length}>
              <ActorLines />
            </Panel>
          )}
          {pending.length + underWay.length + causes.length + loose.length + actors.length === 0 && verdict.value !== 'empty' && verdict.value !== 'reading' ? (
            <Nothing>{t.nothingWaits(mayDecide.value)}</Nothing>
          ) : null}
        </div>
        <Side />
      </div>
    </>
  );
};

/** Within reach of the thumb: the way to what waits. */
export const ReviewBar = () => {
  const [first] = needs.value.pending;
  if (first === undefined) return null;
  const words = t.reviewNext(needs.value.pending.length, mayDecide.value);
  return (
    <div class="review-bar">
      <a class="button primary" href={href('actions', first.id)} aria-label={`${words}: ${phraseOf(first)}`}>
        {words}
      </a>
    </div>
  );
};

export const announcement = (): string =>
  page.value === null ? t.announce(needs.value.pending.length, needs.value.causes.length, mayDecide.value) : wordOf('unknown');
