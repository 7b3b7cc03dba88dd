/** Line drawings of 24 by 24 for views and buttons; always beside a word, or on a button that has a name. */

const paths = {
  now: 'M4 12.5 12 5l8 7.5M6.5 10.5V19h11v-8.5',
  actions: 'm5 12.5 4.5 4.5L19 7.5',
  incidents: 'M12 4 21 19.5H3ZM12 10v4.5M12 17v.2',
  services: 'M4 5h6.5v6.5H4ZM13.5 5H20v6.5h-6.5ZM4 14.5h6.5V20H4ZM13.5 14.5H20V20h-6.5Z',
  topology: 'M12 4.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM6 16a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM18 16a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM11 8.5 7 16M13 8.5l4 7.5',
  events: 'M4 6.5h16M4 12h16M4 17.5h10',
  actors: 'M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM5 20c.6-4 3.5-6 7-6s6.4 2 7 6',
  deployments: 'M12 15.5V4.5m0 0L7.5 9M12 4.5 16.5 9M4.5 16v3.5h15V16',
  nodes: 'M4 5.5h16v5.5H4ZM4 13.5h16V19H4ZM7.5 8.3v.1M7.5 16.3v.1',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h10v11H9ZM15 9V4H5v11h4',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  next: 'M9.5 5.5 16 12l-6.5 6.5',
  search: 'M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.5 15.5 20 20',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);
