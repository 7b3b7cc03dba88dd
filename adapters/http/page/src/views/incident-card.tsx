/** One open trouble under its cause, with what it explains folded away. */
import type { Action } from '../../../../../contracts/action.ts';
import { actionRules } from '../../../../../contracts/action-rules.table.ts';
import type { Incident } from '../../../../../contracts/incident.ts';
import { Age } from '../parts/age.tsx';
import { Status } from '../parts/status.tsx';
import { href } from '../route.ts';
import { phraseOf } from '../state/action-view.ts';
import { type Cause, subjectOf } from '../state/causes.ts';
import { doubtAbout } from '../state/freshness.ts';
import { page, sites } from '../state/store.ts';
import { withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';

const t = texts.incident;

export const kindOf = (kind: string): string => t.kinds[kind] ?? kind;

/** Something stands here as bad that everything else calls well: why. */
export const flappingWords = ({ well_since }: Pick<Incident, 'well_since'>): string => (well_since === null ? t.flapping : t.flappingWell);

/** `<node>/<service>`, or `<node>`, as a way to it. */
export const thingHref = (what: string): string => {
  const [node = '', service] = what.split('/');
  return service === undefined ? href('nodes', node) : href('services', node, service);
};

export const Consequences = ({ cause: { consequences, more, explained } }: { readonly cause: Cause }) => {
  const count = consequences.length + more;
  if (count === 0 && explained.length === 0) return null;
  const listed = new Set(consequences.map(({ what }) => what));
  const others = explained.filter(({ node, service }) => !listed.has(service === null ? node : `${node}/${service}`));
  return (
    <details class="consequences">
      <summary>{t.consequences(count + others.length)}</summary>
      <ul>
        {consequences.map(({ what, status }) => (
          <li key={what}>
            <a href={thingHref(what)}>{what}</a> <Status of={status} />
          </li>
        ))}
        {others.map((incident) => (
          <li key={incident.id}>
            <a href={href('incidents', incident.id)}>{subjectOf(incident)}</a> {kindOf(incident.kind)}
          </li>
        ))}
        {more > 0 ? <li>{t.more(more)}</li> : null}
      </ul>
    </details>
  );
};

/** Of a look at it nobody may think that it would help. */
function wayOut(action: Action): string {
  if (action.status !== 'pending') return `${t.actionWay}: ${texts.words[action.status] ?? action.status}`;
  const { repairs, unsupported } = actionRules[action.type];
  return repairs && unsupported === null ? t.yesRepairs : t.waitsForYes(phraseOf(action));
}

export const CauseCard = ({ cause }: { readonly cause: Cause }) => {
  const { incident, action } = cause;
  const isStale = doubtAbout(incident.site, sites.value, page.value) !== null;
  return (
    <article class={`card incident severity-${incident.severity} ${isStale ? 'stale' : ''}`}>
      <div class="card-head">
        <h3>
          <a href={href('incidents', incident.id)}>{subjectOf(incident)}</a>
        </h3>
        <Status of={incident.severity} stale={isStale} />
      </div>
      <p class="evidence">{incident.message === '' ? withoutMark(incident.summary) : incident.message}</p>
      <p class="card-foot">
        <span>{kindOf(incident.kind)}</span>
        <Age of={incident.started_at} say={t.since} />
        {incident.occurrence_count > 1 ? <span>{t.times(incident.occurrence_count)}</span> : null}
        {incident.flapping ? <span class="tag">{flappingWords(incident)}</span> : null}
        {action === null ? null : <a href={href('actions', action.id)}>{wayOut(action)}</a>}
      </p>
      <Consequences cause={cause} />
    </article>
  );
};
