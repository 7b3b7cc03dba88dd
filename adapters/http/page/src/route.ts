/** Which view the address names: `#/services/vps/web?q=db`. Pure, but for `currentRoute`, which follows the address bar. */
import { signal } from '@preact/signals';

export const viewNames = ['now', 'actions', 'incidents', 'services', 'topology', 'events', 'actors', 'deployments', 'nodes', 'more'] as const;
export type ViewName = (typeof viewNames)[number];

export interface Route {
  readonly view: ViewName;
  /** What comes after the view: `['vps', 'web']`. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

const isView = (name: string): name is ViewName => (viewNames as readonly string[]).includes(name);

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % in an address that somebody typed.
    return part;
  }
};

/** An unknown address is the first view. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', ...rest] = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  return isView(view) ? { view, rest, query: new URLSearchParams(query) } : { view: 'now', rest: [], query: new URLSearchParams() };
}

/** `#/services/vps/web` */
export const href = (view: ViewName, ...rest: readonly string[]): string => `#/${[view === 'now' ? '' : view, ...rest.map(encodeURIComponent)].join('/')}`;

export const currentRoute = signal<Route>(parseRoute(''));

export function followAddress(): void {
  const read = (): void => {
    currentRoute.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}

/** Keeps what was searched for in the address, without a new entry in the history. */
export function replaceQuery(values: Readonly<Record<string, string>>): void {
  const kept = Object.entries(values).filter(([, value]) => value !== '');
  const query = new URLSearchParams(kept.map(([name, value]) => [name, value])).toString();
  const [path = '#/'] = (location.hash || '#/').split('?');
  history.replaceState(null, '', query === '' ? path : `${path}?${query}`);
}
