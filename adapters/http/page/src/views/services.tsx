/** Hundreds of services at a glance: by node, what is not well first, found by any part of their names. */
import { useState } from 'preact/hooks';
import { isServiceTrouble } from '../../../../../contracts/trouble.ts';
import type { WorldService } from '../../../../../contracts/world.ts';
import { Icon } from '../parts/icon.tsx';
import { Heading, Nothing } from '../parts/panel.tsx';
import { Mark, wordOf } from '../parts/status.tsx';
import { currentRoute, href, replaceQuery } from '../route.ts';
import { doubtAbout } from '../state/freshness.ts';
import { type Filter, filters, type Group, groupsOf, tally } from '../state/service-list.ts';
import { page, sites, world } from '../state/store.ts';
import { toneOf } from '../state/tones.ts';
import { texts } from '../texts.ts';

const t = texts.service;

const Cell = ({ service, isStale }: { readonly service: WorldService; readonly isStale: boolean }) => {
  const tone = isStale ? 'unknown' : toneOf(service.status);
  const word = isStale ? texts.frame.was(wordOf(service.status)) : wordOf(service.status);
  const note = service.status === 'healthy' ? '' : service.reason === null ? '' : (texts.reasons[service.reason] ?? '');
  return (
    <li>
      <a
        class={`cell tone-${tone} ${isServiceTrouble(service) && !isStale ? (service.status === 'unknown' ? 'is-unknown' : 'is-trouble') : ''}`}
        href={href('services', service.node, service.service)}
      >
        <Mark tone={tone} />
        <span class="cell-name">{service.service}</span>
        <span class={service.status === 'healthy' && !isStale ? 'visually-hidden' : 'cell-word'}>
          {service.monitor ? word : t.notWatched}
          {note === '' || isStale ? '' : `, ${note}`}
        </span>
      </a>
    </li>
  );
};

const NodeGroup = ({ group }: { readonly group: Group }) => {
  const [first] = group.services;
  const isStale = doubtAbout(first?.site ?? '', sites.value, page.value) !== null;
  return (
    <section class={`group ${isStale ? 'stale' : ''}`}>
      <h2>
        <a href={href('nodes', group.node)}>{group.node}</a>
        <span class="count">{group.services.length}</span>
        {group.troubles > 0 ? <span class="tag tone-bad">{t.troubles(group.troubles)}</span> : null}
      </h2>
      <ul class="cells">
        {group.services.map((service) => (
          <Cell key={service.service} service={service} isStale={isStale} />
        ))}
      </ul>
    </section>
  );
};

const isFilter = (word: string): word is Filter => (filters as readonly string[]).includes(word);

export const ServicesView = () => {
  const { query } = currentRoute.value;
  const [text, setText] = useState(query.get('q') ?? '');
  const asked = query.get('show') ?? 'all';
  const [filter, setFilter] = useState<Filter>(isFilter(asked) ? asked : 'all');
  const [node, setNode] = useState(query.get('node') ?? '');
  const all = world.value.services;
  const groups = groupsOf(all, { query: text, filter, node: node === '' ? null : node });
  const counts = tally(all);
  const keep = (next: { readonly q?: string; readonly show?: string; readonly node?: string }): void =>
    replaceQuery({ q: text, show: filter === 'all' ? '' : filter, node, ...next });
  return (
    <>
      <Heading title={texts.views.services}>
        <p class="quiet-text" role="status">
          {t.found(
            groups.reduce((sum, group) => sum + group.services.length, 0),
            all.length,
          )}
        </p>
      </Heading>
      <div class="tools">
        <label class="search">
          <Icon name="search" />
          <span class="visually-hidden">{t.search}</span>
          <input
            id="search"
            type="search"
            placeholder={t.searchHint}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              keep({ q: event.currentTarget.value });
            }}
          />
        </label>
        <fieldset class="segments">
          <legend class="visually-hidden">{t.filter}</legend>
          {filters.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={filter === each}
              onClick={() => {
                setFilter(each);
                keep({ show: each === 'all' ? '' : each });
              }}
            >
              {t.filters[each]} <span class="count">{counts[each]}</span>
            </button>
          ))}
        </fieldset>
        <label class="select">
          <span class="visually-hidden">{t.node}</span>
          <select
            aria-label={t.node}
            value={node}
            onChange={(event) => {
              setNode(event.currentTarget.value);
              keep({ node: event.currentTarget.value });
            }}
          >
            <option value="">{t.allNodes}</option>
            {world.value.nodes.map((each) => (
              <option key={each.node} value={each.node}>
                {each.node}
              </option>
            ))}
          </select>
        </label>
      </div>
      {groups.length === 0 ? <Nothing>{t.none}</Nothing> : groups.map((group) => <NodeGroup key={group.node} group={group} />)}
    </>
  );
};
