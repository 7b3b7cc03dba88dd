/** What counts as trouble, of a node and of a service. Pure. In one place for the command line and the web page. */
import type { WorldNode, WorldService } from './world.ts';

export const isNodeTrouble = ({ status }: Pick<WorldNode, 'status'>): boolean => status === 'offline' || status === 'degraded' || status === 'unknown';

/** Somebody wants it to run, and to be told when it does not. */
export const isWanted = ({ desired, monitor }: Pick<WorldService, 'desired' | 'monitor'>): boolean => desired !== 'no' && monitor;

const troubles: readonly string[] = ['down', 'unhealthy', 'missing', 'unknown'] satisfies WorldService['status'][];

/** Starting is neither good nor bad; stopped is trouble only where somebody declared that it should run. */
export const isServiceTrouble = (service: Pick<WorldService, 'status' | 'desired' | 'monitor'>): boolean =>
  isWanted(service) && (troubles.includes(service.status) || (service.status === 'stopped' && service.desired === 'declared'));
