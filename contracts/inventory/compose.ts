/**
 * The parts of a Compose file that this project reads. Whether a file is a right Compose file is for docker-compose
 * itself to say; everything else in it is left as it is.
 */
import { z } from 'zod';

/** undefined: what bears `!reset`. */
const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null(), z.undefined()]);
const ListOrMap = z.union([z.array(z.string()), z.record(z.string(), Scalar)]);

export const ComposeService = z.looseObject({
  image: z.string().optional(),
  build: z.unknown().optional(),
  container_name: z.string().optional(),
  restart: z.union([z.string(), z.boolean()]).optional(),
  network_mode: z.string().optional(),
  networks: z.unknown().optional(),
  ports: z.array(z.union([z.string(), z.number(), z.looseObject({})])).optional(),
  volumes: z
    .array(z.union([z.string(), z.looseObject({ source: z.string().optional(), target: z.string().optional(), read_only: z.boolean().optional() })]))
    .optional(),
  environment: ListOrMap.optional(),
  env_file: z.unknown().optional(),
  devices: z.array(z.unknown()).optional(),
  extra_hosts: ListOrMap.optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
  mem_limit: z.union([z.string(), z.number()]).optional(),
  oom_score_adj: z.int().optional(),
  healthcheck: z.looseObject({}).optional(),
  labels: ListOrMap.optional(),
  user: z.string().optional(),
  privileged: z.boolean().optional(),
});
export type ComposeService = z.infer<typeof ComposeService>;

/** services/<service>/docker-compose.yml, or an override at hosts/<node>/runtime/<service>/docker-compose.override.yml */
export const ComposeFile = z.looseObject({
  version: z.union([z.string(), z.number()]).optional(),
  services: z.record(z.string(), ComposeService.nullable()).nullable().default({}),
  volumes: z.record(z.string(), z.unknown()).nullable().optional(),
  networks: z.record(z.string(), z.unknown()).nullable().optional(),
});
export type ComposeFile = z.infer<typeof ComposeFile>;
