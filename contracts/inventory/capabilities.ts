/** hosts/<node>/capabilities.yaml: what a machine is, so that placing a service on it can be judged. */
import { z } from 'zod';
import { Level } from '../common.ts';

/** Which clean-up a node's disk may ever get; `lte_node` none at all. */
const cleanupClasses = ['standard', 'sd_card', 'ai_node', 'lte_node'] as const;
export const CleanupClass = z.enum(cleanupClasses);
export type CleanupClass = z.infer<typeof CleanupClass>;

const Hardware = z.strictObject({
  cpu: z
    .strictObject({
      arch: z.enum(['amd64', 'arm64', 'armv7']).describe('architecture of container images'),
      cores: z
        .int()
        .positive()
        .describe('physical cores')
        .meta({ examples: [4] }),
      threads: z.int().positive().optional().describe('hardware threads; absent: as many as cores'),
    })
    .describe('processor'),
  memory: z
    .strictObject({
      total_gb: z
        .number()
        .positive()
        .describe('physical memory')
        .meta({ unit: 'GiB', examples: [4] }),
      containers_mib_max: z
        .int()
        .positive()
        .optional()
        .describe('what the memory limits of all containers together may come to; then each of them needs one; absent: no budget')
        .meta({ unit: 'MiB', examples: [3200] }),
    })
    .describe('memory'),
  acceleration: z
    .strictObject({
      type: z.enum(['none', 'gpu', 'npu', 'tpu']).describe('what kind'),
      model: z.string().optional().describe('as its maker calls it'),
    })
    .optional()
    .describe('accelerator for models; absent: none'),
});

const Storage = z.strictObject({
  persistence: z.enum(['ephemeral', 'persistent', 'redundant']).describe('what survives: nothing, a reboot, or the loss of a disk'),
  type: z.enum(['ssd', 'nvme', 'hdd', 'sd_card', 'emmc', 'network', 'virtual']).describe('medium; SD cards wear out by writing'),
  capacity_gb: z
    .number()
    .positive()
    .describe('size of the disk with the data')
    .meta({ unit: 'GB', examples: [80] }),
});

export const CapabilitiesFile = z.strictObject({
  hardware: Hardware.describe('what is built in'),
  virtualization: z
    .strictObject({ supported: z.boolean().describe('can run virtual machines'), type: z.string().optional().describe('kvm, lxc, …') })
    .optional()
    .describe('absent: not said'),
  storage: Storage.describe('where data goes'),
  networking: z
    .strictObject({
      reachability: z.enum(['public', 'tailscale-only', 'lan-only']).describe('from where it can be reached'),
      ingress_suitability: z.enum(['high', 'medium', 'low', 'none']).default('none').describe('whether requests from outside should come in here'),
      bandwidth: z.enum(['high', 'medium', 'low', 'metered']).describe('of its uplink; `metered` costs by the byte'),
    })
    .describe('network'),
  runtime: z
    .strictObject({
      container_engine: z.enum(['docker', 'none']).describe('`none`: no node-agent is possible'),
      compose_version: z
        .string()
        .regex(/^\d+\.\d+(\.\d+)?$/, 'a version in quotes such as "1.29.2"')
        .optional()
        .describe('of docker-compose; 1.x refuses newer syntax; absent: 2')
        .meta({ examples: ['1.29.2'] }),
      os: z
        .string()
        .describe('operating system')
        .meta({ examples: ['debian-12'] }),
    })
    .describe('software'),
  operational: z
    .strictObject({
      power_constraint: z.enum(['none', 'low-power', 'battery']).default('none').describe('`low-power`: no heavy models'),
      connectivity: z.enum(['stable', 'intermittent']).describe('`intermittent`: nothing that needs the cloud, no large copies'),
      availability_target: z.enum(['high', 'medium', 'best-effort']).describe('`high`: may take over the control plane'),
      cleanup_class: CleanupClass.describe('which disk clean-up may ever be proposed: `lte_node` none'),
    })
    .describe('how it is run'),
  deployment: z
    .strictObject({
      suitability: z.array(Level).default([]).describe('roles it is good for'),
      restricted: z.array(Level).default([]).describe('roles it must not get'),
    })
    .prefault({})
    .describe('what may be placed here'),
});
export type CapabilitiesFile = z.infer<typeof CapabilitiesFile>;
