/** What `homelab creds` says when somebody gets the first login of a machine, or the last one is taken away: what is true from then on. */

export const firstLoginLines: readonly string[] = [
  'it is the first login here: within a second the broker and the page of ours that run here ask everybody for one, and end the connections without',
  'the actors of that same "homelab up" stay; others need passwords of their own: homelab creds actors <node>',
];

export const lastLoginLine = (file: string): string =>
  `it was the last login: the broker and the page of ours go on asking, and let nobody in, until homelab creds add; whoever wants them open again deletes ${file} and starts them again`;
