/** The blocks a view is made of: its heading, a part of it, a list of facts. */
import type { ComponentChildren } from 'preact';
import { texts } from '../texts.ts';
import { Icon } from './icon.tsx';

interface HeadingProps {
  readonly title: string;
  /** Where one step back leads; absent: a view of the first level. */
  readonly back?: string;
  readonly children?: ComponentChildren;
}

/** Gets the focus when the view changes, so that a screen reader says where one is. */
export const Heading = ({ title, back, children }: HeadingProps) => (
  <header class="view-head">
    {back === undefined ? null : (
      <a class="back" href={back}>
        <Icon name="back" />
        {texts.frame.back}
      </a>
    )}
    <h1 id="view-title" tabIndex={-1}>
      {title}
    </h1>
    {children}
  </header>
);

interface PanelProps {
  readonly title: string;
  readonly count?: number;
  readonly note?: string;
  readonly more?: { readonly href: string; readonly label: string };
  readonly children: ComponentChildren;
  readonly class?: string;
}

export const Panel = ({ title, count, note, more, children, class: name = '' }: PanelProps) => (
  <section class={`panel ${name}`}>
    <div class="panel-head">
      <h2>
        {title}
        {count === undefined ? null : <span class="count">{count}</span>}
      </h2>
      {note === undefined ? null : <span class="quiet-text">{note}</span>}
      {more === undefined ? null : <a href={more.href}>{more.label}</a>}
    </div>
    {children}
  </section>
);

/** Facts that nobody knows are left out. */
export const Facts = ({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts">
    {of
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

export const Nothing = ({ children }: { readonly children: ComponentChildren }) => <p class="nothing">{children}</p>;
