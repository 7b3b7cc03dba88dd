/**
 * What a simulated site consists of, drawn from the seed before it exists: machines, what runs on them and needs what, which
 * clean-up is declared, where Home Assistant runs and who watches it. Data only, so that a second site is a second shape.
 */
import { type HaRules, usualHaRules } from '../../actors/supervisor/judge-home-assistant.ts';
import type { CleanupClass } from '../../contracts/inventory/capabilities.ts';
import type { Random } from '../kit/random.ts';

export interface ServiceShape {
  readonly name: string;
  /** null: it has no health check; else how long after a start that says healthy. */
  readonly healthyAfterMs: number | null;
  readonly restartPolicy: 'no' | 'unless-stopped' | 'on-failure';
  /** `<node>/<service>` without which it does not work. */
  readonly needs: readonly string[];
  /** Once what it needs is back it is well; else somebody must restart it. */
  readonly recovers: boolean;
  readonly repairRisk: 'low' | 'guarded';
}

export interface MachineShape {
  readonly name: string;
  readonly services: readonly ServiceShape[];
  readonly cleanupClass: CleanupClass | null;
  readonly hasTailnet: boolean;
  readonly hasUpstream: boolean;
  /** The service of the site's broker runs here, and there is another broker to tell about it on. */
  readonly hasBroker: boolean;
}

export interface SiteShape {
  readonly name: string;
  /** The first also runs what a site needs once. */
  readonly machines: readonly MachineShape[];
  /** Nobody declared anything: each machine adopts what it sees. */
  readonly isAdopted: boolean;
  /** null: nobody here has Home Assistant. */
  readonly homeAssistant: { readonly node: string; readonly watcher: string } | null;
  readonly haRules: HaRules;
  /** null: this is the hub. */
  readonly uplink: UplinkShape | null;
  /** People here declare maintenance now and then. */
  readonly hasMaintenance: boolean;
}

export interface UplinkShape {
  readonly kind: 'wired' | 'lte';
  /** The link may be away for so long before that is an incident. */
  readonly quietMs: number;
  readonly hasStandby: boolean;
}

export const homeAssistantService = 'homeassistant';
export const brokerService = 'mosquitto';
const cleanupClasses: readonly CleanupClass[] = ['standard', 'sd_card', 'ai_node', 'lte_node'];

export interface ShapeOptions {
  readonly name: string;
  readonly machineNames: readonly string[];
  /** Of several sites, which are declared, and of which people know that they are in maintenance. */
  readonly isOfSeveral: boolean;
  readonly isHub: boolean;
}

/** Two or three of the machines that are named; of several sites the hub has two, and another one or two. */
export function drawShape(random: Random, { name, machineNames, isOfSeveral, isHub }: ShapeOptions): SiteShape {
  const isAdopted = random.chance(0.3) && !isOfSeveral;
  const count = random.between(2, 3);
  const names = machineNames.slice(0, !isOfSeveral ? count : isHub ? 2 : count - 1);
  const [center = ''] = names;
  const hasBroker = random.chance(0.5);
  const node = random.pick(names);
  const homeAssistant = random.chance(0.5) ? { node, watcher: random.chance(0.5) ? node : random.pick(names) } : null;
  const machines: MachineShape[] = [];
  for (const each of names) {
    const isBroker = hasBroker && each === center;
    const others = machines.flatMap((machine) => machine.services.map((service) => `${machine.name}/${service.name}`));
    const services = drawServices(random, { node: each, others, isBroker, isHome: homeAssistant?.node === each });
    const cleanupClass = isAdopted || random.chance(0.1) ? null : random.pick(cleanupClasses);
    machines.push({ name: each, services, cleanupClass, hasTailnet: random.chance(0.5), hasUpstream: random.chance(0.3), hasBroker: isBroker });
  }
  const haRules = { ...usualHaRules, shadowMode: random.chance(0.5) };
  return { name, machines, isAdopted, homeAssistant, haRules, uplink: isHub ? null : drawUplink(random), hasMaintenance: isOfSeveral };
}

const drawUplink = (random: Random): UplinkShape => ({
  kind: random.pick(['wired', 'lte']),
  quietMs: random.pick([0, 60_000, 180_000]),
  hasStandby: random.chance(0.5),
});

interface Where {
  readonly node: string;
  /** References to services of machines that were drawn before. */
  readonly others: readonly string[];
  readonly isBroker: boolean;
  readonly isHome: boolean;
}

/** Two or three of all kinds, and those that have a name. What is needed comes first, so there are no circles. */
function drawServices(random: Random, { node, others, isBroker, isHome }: Where): readonly ServiceShape[] {
  const count = random.between(2, 3);
  const plain = Array.from({ length: isHome ? count - 1 : count }, (_, at) => `${node}-s${at + 1}`);
  const names = [...(isBroker ? [brokerService] : []), ...plain, ...(isHome ? [homeAssistantService] : [])];
  const isChained = random.chance(0.7);
  return names.map((name, at) => {
    const [before] = names.slice(0, at).reverse();
    const needs = [
      ...(isChained && before !== undefined && random.chance(0.7) ? [`${node}/${random.chance(0.7) ? before : (names[0] ?? before)}`] : []),
      ...(isChained && others.length > 0 && random.chance(0.2) ? [random.pick(others)] : []),
    ];
    return {
      name,
      // Only a health check shows that what it needs is away.
      healthyAfterMs: random.chance(needs.length > 0 ? 0.9 : 0.4) ? random.between(1_000, 20_000) : null,
      restartPolicy: random.pick(['no', 'unless-stopped', 'on-failure']),
      needs,
      recovers: random.chance(0.35),
      repairRisk: random.chance(0.1) ? 'guarded' : 'low',
    };
  });
}
