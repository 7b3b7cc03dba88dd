/** What happened: the history page by page, and what happens meanwhile at its top. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Event } from '../../../../../contracts/event.ts';
import { eventTypes } from '../../../../../contracts/event-types.table.ts';
import { Heading, Nothing } from '../parts/panel.tsx';
import { Mark, wordOf } from '../parts/status.tsx';
import { currentRoute, replaceQuery } from '../route.ts';
import { type EventSearch, eventQuery, fits, merged } from '../state/event-list.ts';
import { getEvents } from '../state/server.ts';
import { nowMs, tail, world } from '../state/store.ts';
import { toneOf } from '../state/tones.ts';
import { clockSeconds, withoutMark } from '../state/words.ts';
import { texts } from '../texts.ts';

const t = texts.event;

const EventLine = ({ event }: { readonly event: Event }) => (
  <li class={`event severity-${event.severity}`}>
    <details>
      <summary>
        <time dateTime={event.ts}>{clockSeconds(event.ts, nowMs.value)}</time>
        <Mark tone={toneOf(event.severity)} />
        <span class="event-where">{event.service === null ? event.node : `${event.node}/${event.service}`}</span>
        <span class="event-type">{event.type.replaceAll('_', ' ')}</span>
        <span class="event-message">{withoutMark(event.message)}</span>
        <span class="visually-hidden">{wordOf(event.severity)}</span>
      </summary>
      <pre>{JSON.stringify({ source: event.source, correlation_id: event.correlation_id, payload: event.payload }, null, 1)}</pre>
    </details>
  </li>
);

/** The history that was read so far; `next` leads to what is older. */
function useHistory(search: EventSearch) {
  const events = useSignal<readonly Event[]>([]);
  const next = useSignal<string | null>(null);
  const state = useSignal<'reading' | 'read' | 'failed'>('reading');
  const read = (before: string | null): void => {
    state.value = 'reading';
    getEvents(eventQuery(search, before, nowMs.peek())).then(
      (got) => {
        events.value = merged(got.events, before === null ? [] : events.value);
        next.value = got.next === null || got.next === undefined ? null : String(got.next);
        state.value = 'read';
      },
      () => {
        state.value = 'failed';
      },
    );
  };
  useEffect(() => read(null), [search.node, search.type, search.hours]);
  return { events, next, state, read };
}

interface ToolsProps {
  readonly search: EventSearch;
  readonly onSearch: (next: EventSearch) => void;
  readonly isFollowing: boolean;
  readonly onFollow: (follow: boolean) => void;
}

const Tools = ({ search, onSearch, isFollowing, onFollow }: ToolsProps) => (
  <div class="tools">
    <label class="select">
      <span>{t.node}</span>
      <select aria-label={t.node} value={search.node} onChange={(event) => onSearch({ ...search, node: event.currentTarget.value })}>
        <option value="">{t.anyNode}</option>
        {world.value.nodes.map(({ node }) => (
          <option key={node} value={node}>
            {node}
          </option>
        ))}
      </select>
    </label>
    <label class="select">
      <span>{t.type}</span>
      <select aria-label={t.type} value={search.type} onChange={(event) => onSearch({ ...search, type: event.currentTarget.value })}>
        <option value="">{t.anyType}</option>
        {Object.keys(eventTypes)
          .toSorted()
          .map((type) => (
            <option key={type} value={type}>
              {type.replaceAll('_', ' ')}
            </option>
          ))}
      </select>
    </label>
    <label class="select">
      <span>{t.time}</span>
      <select aria-label={t.time} value={String(search.hours)} onChange={(event) => onSearch({ ...search, hours: Number(event.currentTarget.value) })}>
        {Object.entries(t.spans)
          .toSorted(([a], [b]) => (Number(a) || Number.MAX_VALUE) - (Number(b) || Number.MAX_VALUE))
          .map(([hours, label]) => (
            <option key={hours} value={hours}>
              {label}
            </option>
          ))}
      </select>
    </label>
    <label class="tick inline-tick">
      <input type="checkbox" checked={isFollowing} onChange={(event) => onFollow(event.currentTarget.checked)} />
      {t.follow}
    </label>
  </div>
);

export const EventsView = () => {
  const { query } = currentRoute.peek();
  const search = useSignal<EventSearch>({ node: query.get('node') ?? '', type: query.get('type') ?? '', hours: Number(query.get('hours') ?? 24) });
  const isFollowing = useSignal(true);
  const { events, next, state, read } = useHistory(search.value);
  const live = isFollowing.value ? tail.value.filter((event) => fits(event, search.value)) : [];
  const shown = merged(live, events.value);
  return (
    <>
      <Heading title={texts.views.events}>
        <p class="quiet-text">{t.count(shown.length)}</p>
      </Heading>
      <Tools
        search={search.value}
        onSearch={(wanted) => {
          search.value = wanted;
          replaceQuery({ node: wanted.node, type: wanted.type, hours: wanted.hours === 24 ? '' : String(wanted.hours) });
        }}
        isFollowing={isFollowing.value}
        onFollow={(follow) => {
          isFollowing.value = follow;
        }}
      />
      {state.value === 'read' && shown.length === 0 ? <Nothing>{t.none}</Nothing> : null}
      <ul class="events">
        {shown.map((event) => (
          <EventLine key={event.id} event={event} />
        ))}
      </ul>
      {state.value === 'failed' ? (
        <p class="warning-line" role="alert">
          {t.failed}{' '}
          <button type="button" onClick={() => read(null)}>
            {t.again}
          </button>
        </p>
      ) : null}
      {next.value === null ? (
        <p class="quiet-text">{state.value === 'read' && shown.length > 0 ? t.end : ''}</p>
      ) : (
        <button type="button" class="wide" disabled={state.value === 'reading'} onClick={() => read(next.value)}>
          {t.older}
        </button>
      )}
    </>
  );
};
