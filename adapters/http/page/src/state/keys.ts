/** Single keys as shortcuts, which can be turned off: they get in the way of who speaks to the browser. Remembered in the browser. */
import { signal } from '@preact/signals';
import { href } from '../route.ts';
import { navigation } from '../views/navigation.ts';

const stored = 'homelab-keys';

const read = (): boolean => {
  try {
    return localStorage.getItem(stored) !== 'off';
  } catch {
    // A browser that keeps nothing.
    return true;
  }
};

export const isKeysOn = signal(read());

export function setKeys(isOn: boolean): void {
  isKeysOn.value = isOn;
  try {
    localStorage.setItem(stored, isOn ? 'on' : 'off');
  } catch {
    // Then it holds until the page is closed.
  }
}

/** The view that has the search is on its way. */
const wantsSearch = signal(false);

function focusSearch(): boolean {
  const search = document.getElementById('search');
  search?.focus();
  return search !== null;
}

/** After a view has changed: true where the focus went to the search, because that was asked for. */
export function tookFocus(): boolean {
  const isWanted = wantsSearch.value;
  wantsSearch.value = false;
  return isWanted && focusSearch();
}

const isTyping = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.matches('input, select, textarea, [contenteditable]');

/** `onHelp` shows the list of keys. */
export function followKeys(onHelp: () => void): () => void {
  const pressed = (event: KeyboardEvent): void => {
    if (!isKeysOn.value || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
    const view = navigation[Number(event.key) - 1];
    if (event.key === '?') onHelp();
    else if (event.key === '/') {
      event.preventDefault();
      if (!focusSearch()) {
        wantsSearch.value = true;
        location.hash = href('services');
      }
    } else if (view !== undefined) location.hash = href(view);
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}
