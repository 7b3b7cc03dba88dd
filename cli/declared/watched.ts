/** Whether a node-agent is declared to look at a machine. Pure. */
import { contentOf, type HostFiles } from '../../actors/inventory/tree.ts';

/** It needs a container engine, and services.yaml may say which actors there are. */
export function isWatched({ services, capabilities }: Pick<HostFiles, 'services' | 'capabilities'>): boolean {
  const hasEngine = contentOf(capabilities)?.runtime.container_engine !== 'none';
  return hasEngine && (contentOf(services)?.agents?.includes('node-agent') ?? true);
}
