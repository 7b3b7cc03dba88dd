/** Small things that several checks say or ask. Pure. */
import type { NodeHealth } from '../../contracts/health.ts';
import { servicesDigest } from '../../contracts/services-digest.ts';

export const gigabytes = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);

export function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return minutes < 180 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** The node counts exactly these services: what is not among them does not exist. */
export function holdsAllServices({ services_count, services_digest }: NodeHealth, held: Iterable<string>): boolean {
  const names = [...held];
  return services_count === names.length && (services_digest === '' || services_digest === servicesDigest(names));
}
