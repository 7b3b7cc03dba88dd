/** The views of the first level, in the order of the list; the digit of a key is the place in it. */
import type { ViewName } from '../route.ts';

export const navigation = ['now', 'actions', 'incidents', 'services', 'topology', 'events', 'actors', 'deployments'] as const satisfies readonly ViewName[];

/** Those that a phone shows at its lower edge; the others are behind "More". */
export const onPhone: readonly ViewName[] = ['now', 'actions', 'incidents', 'services'];
