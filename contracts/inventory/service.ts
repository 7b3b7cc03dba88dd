/** services/<service>/service.yaml: what is the same of a service on every machine that runs it. */
import { z } from 'zod';
import { Login } from '../common.ts';
import { AbsolutePath, DeclaredNodeName, DeclaredServiceName, Exposure, Port, PortProtocol } from './words.ts';

const Duration = z
  .string()
  .regex(/^\d+(ms|s|m|h)$/, 'a duration such as 30s or 5m')
  .meta({ title: 'duration', examples: ['30s'] });

const EnvironmentVariable = z
  .string()
  .regex(/^[A-Z_][A-Z0-9_]*$/, 'a name of an environment variable, without its value')
  .meta({ title: 'name of a variable', examples: ['MQTT_HOST'] });

const PublishedPort = z.strictObject({
  container: Port.describe('inside the container'),
  host: Port.describe('on the machine'),
  protocol: PortProtocol,
});

const Healthcheck = z.strictObject({
  type: z
    .enum(['local-only', 'container', 'http', 'mqtt'])
    .describe("`local-only`: healthcheck.sh on the machine; `container`: the image's own; the others ask the endpoint"),
  endpoint: z
    .string()
    .optional()
    .describe('address that is asked, for http and mqtt')
    .meta({ examples: ['http://127.0.0.1:8080/healthz'] }),
  interval: Duration.default('30s').describe('between two checks'),
  timeout: Duration.default('10s').describe('of one check'),
  retries: z.int().min(1).max(20).default(3).describe('failures in a row until unhealthy'),
});

/** Outside of our root, which programs of others have no business in: beginning with a word of their own. */
const ForeignFilter = z
  .string()
  .regex(/^[A-Za-z0-9_-]+(\/([^/+#\s]+|\+))*(\/#)?$/, 'a topic filter that begins with a word, such as sensors/#')
  .meta({ title: 'topic filter', examples: ['sensors/#'] });
const foreignFilters = z
  .array(ForeignFilter)
  .default([])
  .meta({ examples: [['sensors/#']] });

const OwnLogin = z.strictObject({
  login: Login.describe('under which it connects').meta({ examples: ['zigbee2mqtt'] }),
  reads: foreignFilters.describe('what it may read'),
  writes: foreignFilters.describe('what it may publish'),
});

const Service = z.strictObject({
  name: DeclaredServiceName.describe('the same as its directory'),
  description: z.string().describe('what it does, one line'),
  owner_node: DeclaredNodeName.optional().describe('where it belongs when it runs on one node only'),
  exposure: Exposure,
  dependencies: z.array(DeclaredServiceName).default([]).describe('services it needs wherever it runs'),
  ports: z.array(PublishedPort).default([]).describe('ports it takes on the machine, also with the host network'),
  healthcheck: Healthcheck.describe('how its health is seen'),
  restart_policy: z.enum(['unless-stopped', 'always', 'on-failure', 'no']).default('unless-stopped').describe('of its containers'),
  persistence: z
    .strictObject({ paths: z.array(AbsolutePath).default([]).describe('directories of the machine that must be kept and backed up') })
    .prefault({})
    .describe('what must not be lost'),
  runtime: z
    .strictObject({
      directories: z.array(AbsolutePath).default([]).describe('directories that must exist before it starts'),
      env_vars: z.array(EnvironmentVariable).default([]).describe('variables it reads; env.example has each of them'),
    })
    .prefault({})
    .describe('what it needs to start'),
  mqtt: OwnLogin.optional().describe("of a program that is not one of ours: its login at the broker of its site, for the broker's access list; absent: none"),
  workload: z
    .enum(['light', 'medium', 'heavy', 'llm'])
    .default('light')
    .describe('what it asks of a machine: `llm` and `heavy` are kept off low-power nodes')
    .meta({ examples: ['light'] }),
  needs_internet: z.boolean().default(false).describe('true: of no use without an uplink, so it is kept off intermittent links'),
});

export const ServiceFile = z.strictObject({ service: Service.describe('the service') });
export type ServiceFile = z.infer<typeof ServiceFile>;
