/** What `homelab creds` says when a machine gets its first login, or its first one of a person, or the last one is taken away: what is true from then on. Pure. */
import { peopleOf } from '../../adapters/logins/login-book.ts';
import type { Logins } from '../../adapters/logins/logins-file.ts';

const othersLine = 'the actors of that same "homelab up" stay; others need passwords of their own: homelab creds actors <node>';

/** Nothing where neither is the first. Brokers ask for the logins of programs too, the page for those of people only. */
export function firstLoginLines(before: Logins, after: Logins): readonly string[] {
  const isFirst = before.size === 0 && after.size > 0;
  const isFirstPerson = peopleOf(before).size === 0 && peopleOf(after).size > 0;
  if (isFirst && isFirstPerson)
    return [
      'it is the first login here: within a second the broker and the page of ours that run here ask everybody for one, and end the connections without',
      othersLine,
    ];
  if (isFirst)
    return [
      'these are the first logins here: within a second the broker of ours that runs here asks everybody for one, and ends the connections without',
      othersLine,
      'the page asks nobody, and answers this machine only, until a person has a login: homelab creds add <login>',
    ];
  if (isFirstPerson) return ['it is the first login of a person here: within a second the page of ours that runs here asks everybody for one, too'];
  return [];
}

export const lastLoginLine = (file: string): string =>
  `it was the last login: the broker and the page of ours go on asking, and let nobody in, until homelab creds add; whoever wants them open again deletes ${file} and starts them again`;
