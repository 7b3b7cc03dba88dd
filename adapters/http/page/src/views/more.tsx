/** The rest: the other views for a phone, who I am, copying for an assistant, the keys. */
import { useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';
import { Heading, Panel } from '../parts/panel.tsx';
import { Sheet } from '../parts/sheet.tsx';
import { href } from '../route.ts';
import { isKeysOn, setKeys } from '../state/keys.ts';
import { getAiText, logOut } from '../state/server.ts';
import { here, me } from '../state/store.ts';
import { restart } from '../state/stream.ts';
import { texts } from '../texts.ts';
import { navigation } from './navigation.ts';

const t = texts.frame;

/** Copies where the browser lets it; elsewhere shows the text to be copied by hand. */
export const CopyForAi = () => {
  const [shown, setShown] = useState<{ readonly text: string; readonly isCopied: boolean } | null>(null);
  const copy = async (): Promise<void> => {
    const text = await getAiText();
    const isCopied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setShown({ text, isCopied: isCopied ?? false });
  };
  return (
    <>
      <button
        type="button"
        class="with-icon"
        onClick={() => {
          copy().catch(() => setShown({ text: texts.login.failed, isCopied: false }));
        }}
      >
        <Icon name="copy" />
        {t.copyForAi}
      </button>
      {shown === null ? null : (
        <Sheet title={t.copyForAi} onClose={() => setShown(null)}>
          <p role="status">{shown.isCopied ? t.copied : t.copyByHand}</p>
          <textarea class="copy-text" readOnly rows={12} value={shown.text} aria-label={t.copyForAi} onFocus={(event) => event.currentTarget.select()} />
        </Sheet>
      )}
    </>
  );
};

export const Identity = () => {
  const who = me.value;
  return (
    <p class="identity">
      {who?.login == null ? t.nobody : t.youAre(who.login, who.role ?? '')}
      {who?.loginRequired === true ? (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            logOut(who.csrf).then(restart, restart);
          }}
        >
          {t.logOut}
        </button>
      ) : null}
    </p>
  );
};

export const ShortcutSheet = ({ onClose }: { readonly onClose: () => void }) => {
  const s = texts.shortcuts;
  const keys: readonly (readonly [string, string])[] = [
    [`1 – ${navigation.length}`, s.views],
    ['/', s.search],
    ['?', s.help],
    ['Esc', s.escape],
    ['Tab', s.tab],
  ];
  return (
    <Sheet title={s.title} onClose={onClose}>
      <dl class="facts keys">
        {keys.map(([key, means]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
      <label class="tick">
        <input type="checkbox" checked={isKeysOn.value} onChange={(event) => setKeys(event.currentTarget.checked)} />
        {s.use}
      </label>
    </Sheet>
  );
};

export const MoreView = () => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Heading title={texts.views.more} />
      <Panel title={t.navigation}>
        <ul class="menu">
          {navigation.map((view) => (
            <li key={view}>
              <a href={href(view)}>
                <Icon name={view} />
                {texts.views[view]}
                <Icon name="next" />
              </a>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title={texts.product}>
        <Identity />
        <p class="quiet-text">{`${texts.product} ${here.value.version} · ${here.value.node}`}</p>
        <div class="button-row">
          <CopyForAi />
          <button type="button" onClick={() => setOpen(true)}>
            {t.shortcuts}
          </button>
        </div>
        {isOpen ? <ShortcutSheet onClose={() => setOpen(false)} /> : null}
      </Panel>
    </>
  );
};
