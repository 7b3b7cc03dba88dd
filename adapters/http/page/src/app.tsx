/** The frame: where one is, whether it may be believed, what the ledger said, and the view that the address names. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { DoubtBanner } from './parts/doubt.tsx';
import { Icon } from './parts/icon.tsx';
import { Mark } from './parts/status.tsx';
import { currentRoute, href, type Route, type ViewName } from './route.ts';
import { followKeys, tookFocus } from './state/keys.ts';
import { answer, connection, documents, here, isLive, isSimulated, me, needs, page, sites } from './state/store.ts';
import { texts } from './texts.ts';
import { ActionsView, ActionView } from './views/actions.tsx';
import { ActorsView } from './views/actors.tsx';
import { DeploymentsView } from './views/deployments.tsx';
import { EventsView } from './views/events.tsx';
import { IncidentsView, IncidentView } from './views/incidents.tsx';
import { LoginView } from './views/login.tsx';
import { CopyForAi, Identity, MoreView, ShortcutSheet } from './views/more.tsx';
import { navigation, onPhone } from './views/navigation.ts';
import { NodeView } from './views/node.tsx';
import { announcement, NowView, ReviewBar } from './views/now.tsx';
import { ServiceView } from './views/service.tsx';
import { ServicesView } from './views/services.tsx';
import { TopologyView } from './views/topology.tsx';

const t = texts.frame;

function View({ route: { view, rest } }: { readonly route: Route }) {
  const [first, second] = rest;
  switch (view) {
    case 'actions':
      return first === undefined ? <ActionsView /> : <ActionView id={first} />;
    case 'incidents':
      return first === undefined ? <IncidentsView /> : <IncidentView id={first} />;
    case 'services':
      return first === undefined || second === undefined ? <ServicesView /> : <ServiceView node={first} name={second} />;
    case 'nodes':
      return first === undefined ? <TopologyView /> : <NodeView name={first} />;
    case 'topology':
      return <TopologyView />;
    case 'events':
      return <EventsView />;
    case 'actors':
      return <ActorsView />;
    case 'deployments':
      return <DeploymentsView />;
    case 'more':
      return <MoreView />;
    case 'now':
      return <NowView />;
  }
}

const badgeOf = (view: ViewName): number => (view === 'actions' ? needs.value.pending.length : view === 'incidents' ? needs.value.causes.length : 0);

const NavLink = ({ view, current }: { readonly view: ViewName; readonly current: ViewName }) => {
  const badge = badgeOf(view);
  const isHere = view === current || (view === 'topology' && current === 'nodes');
  return (
    <li class={onPhone.includes(view) || view === 'more' ? '' : 'not-on-phone'}>
      <a href={href(view)} aria-current={isHere ? 'page' : undefined}>
        <Icon name={view} />
        <span>{texts.views[view]}</span>
        {badge === 0 ? null : <span class={`badge ${view === 'actions' ? 'urgent' : ''} ${page.value === null ? '' : 'stale'}`}>{badge}</span>}
      </a>
    </li>
  );
};

const Live = () => {
  const tone = isLive.value ? 'ok' : 'unknown';
  const word = isLive.value ? t.live : connection.value.status === 'connecting' ? t.connecting : t.lost;
  return (
    <span class={`status live tone-${tone}`}>
      <Mark tone={tone} />
      {word}
    </span>
  );
};

const Bar = ({ onKeys }: { readonly onKeys: () => void }) => (
  <header class="top">
    <a class="brand" href={href('now')}>
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" class="brand-back" />
        <path d="M7 16.5 16 8l9 8.5M10 14.5V24h12v-9.5" class="brand-line" />
        <circle cx="16" cy="19" r="2.4" class="brand-dot" />
      </svg>
      {texts.product}
      <span class="brand-site">{here.value.site}</span>
    </a>
    <Live />
    <div class="top-tools">
      <CopyForAi />
      <button type="button" class="quiet icon-only" aria-label={t.shortcuts} onClick={onKeys}>
        <kbd>?</kbd>
      </button>
      <Identity />
    </div>
  </header>
);

/** What the ledger answered stays until it is dismissed or the next answer comes. */
const AnswerLine = () => (
  <div class="answer-place" role="status">
    {answer.value === null ? null : (
      <div class={`answer ${answer.value.ok ? 'is-ok' : 'is-refused'}`}>
        <Mark tone={answer.value.ok ? 'ok' : 'warn'} />
        <p>{answer.value.line}</p>
        <button
          type="button"
          class="quiet icon-only"
          aria-label={t.dismiss}
          onClick={() => {
            answer.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </div>
    )}
  </div>
);

const Banners = () => (
  <div class="banners" aria-live="assertive">
    {isSimulated.value ? <p class="banner simulated">{t.simulated}</p> : null}
    {page.value === null ? null : <DoubtBanner doubt={page.value} />}
    {page.value === null ? sites.value.flatMap(({ site, doubt }) => (doubt === null ? [] : [<DoubtBanner key={site} doubt={doubt} />])) : null}
  </div>
);

/** The focus goes to the new heading, so that a screen reader says it; not at the first, which is read anyway. */
function useTitle(route: Route): void {
  const isFirst = useRef(true);
  const key = [route.view, ...route.rest].join('/');
  useEffect(() => {
    const heading = document.getElementById('view-title');
    document.title = `${heading?.textContent ?? texts.views[route.view]} · ${texts.product}`;
    if (!isFirst.current) {
      scrollTo(0, 0);
      if (!tookFocus()) heading?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [key]);
}

const Inside = () => {
  const route = currentRoute.value;
  const [isKeys, setKeys] = useState(false);
  useEffect(() => followKeys(() => setKeys(true)), []);
  useTitle(route);
  const shown: readonly ViewName[] = [...navigation, 'more'];
  return (
    <div class={`frame ${page.value === null ? '' : 'page-stale'}`}>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t.skip}
      </button>
      <Bar onKeys={() => setKeys(true)} />
      <nav aria-label={t.navigation}>
        <ul>
          {shown.map((view) => (
            <NavLink key={view} view={view} current={route.view} />
          ))}
        </ul>
      </nav>
      <Banners />
      <main id="main" tabIndex={-1} key={[route.view, ...route.rest].join('/')}>
        <View route={route} />
      </main>
      {route.view === 'now' ? <ReviewBar /> : null}
      <AnswerLine />
      <p class="visually-hidden" aria-live="polite">
        {announcement()}
      </p>
      {isKeys ? <ShortcutSheet onClose={() => setKeys(false)} /> : null}
    </div>
  );
};

export const App = () => {
  if (me.value?.loginRequired === true && me.value.login === null) return <LoginView />;
  if (documents.value !== null) return <Inside />;
  return (
    <main id="main" class="loading">
      <p role="status">{connection.value.status === 'lost' ? texts.login.failed : t.loading}</p>
    </main>
  );
};
