/** `homelab actions`: what was proposed, and what became of it; open ones only, unless --all. */
import { type Action, openStates } from '../../contracts/action.ts';
import { topics } from '../../contracts/topics.ts';
import { age, exitCodes, type Output, simulatedLine, table } from '../output.ts';
import { visit } from '../session.ts';
import type { Settings } from '../settings.ts';

export async function actions(settings: Settings, out: Output, options: { readonly all?: boolean }): Promise<number> {
  const { every, sites } = await visit(settings, async (at) => ({ every: await at.documents(topics.action), sites: await at.documents(topics.site) }));
  const shown = every.filter((action) => options.all === true || openStates.some((state) => state === action.status));
  shown.sort((a, b) => changedAt(b).localeCompare(changedAt(a)));
  if (out.json) {
    for (const action of shown) out.value(action);
    return exitCodes.ok;
  }
  if ([...every, ...sites].some(({ simulated }) => simulated === true)) out.line(simulatedLine);
  if (shown.length === 0) {
    out.line(options.all === true ? 'No actions.' : `Nothing is open${every.length > 0 ? ` (${every.length} finished: homelab actions --all)` : ''}.`);
    return exitCodes.ok;
  }
  const nowMs = Date.now();
  out.line(
    table(
      ['action', 'status', 'attempt', 'risk', 'changed', 'by', 'what'],
      shown.map((action) => [
        action.id,
        action.status,
        String(action.attempt),
        action.risk,
        `${age(changedAt(action), nowMs)} ago`,
        action.transition_history.at(-1)?.by ?? '',
        action.summary,
      ]),
    ),
  );
  return exitCodes.ok;
}

/** When it last moved; `ts` is only when the document was last published. */
const changedAt = (action: Action): string => action.transition_history.at(-1)?.at ?? action.ts;
