/**
 * What docker-compose 1.29.2 refuses, or takes and silently leaves out, although newer versions know it.
 * Each row was measured with `docker-compose config -q` of Debian 12 (1.29.2).
 */

export interface NewerKey {
  /** `*` is any name; counted from the top of the file. */
  readonly path: readonly string[];
  readonly detail: string;
}

const anyService = ['services', '*'] as const;
const refused = 'refused by docker-compose 1.x';

export const newerKeys: readonly NewerKey[] = [
  { path: ['name'], detail: `${refused}; the project is named by COMPOSE_PROJECT_NAME, -p or the directory` },
  { path: ['include'], detail: `${refused}; use one file, or several -f` },
  { path: ['models'], detail: refused },
  { path: ['configs', '*', 'content'], detail: `${refused}; use file` },
  { path: ['configs', '*', 'environment'], detail: `${refused}; use file` },
  { path: ['secrets', '*', 'environment'], detail: `${refused}; use file` },
  ...['annotations', 'attach', 'cgroup', 'develop', 'gpus', 'label_file', 'models', 'post_start', 'pre_stop', 'provider', 'uts'].map((key) => ({
    path: [...anyService, key],
    detail: refused,
  })),
  { path: [...anyService, 'healthcheck', 'start_interval'], detail: `${refused}; start_period is known` },
  { path: [...anyService, 'depends_on', '*', 'required'], detail: refused },
  { path: [...anyService, 'depends_on', '*', 'restart'], detail: refused },
  { path: [...anyService, 'networks', '*', 'mac_address'], detail: refused },
  { path: [...anyService, 'networks', '*', 'interface_name'], detail: refused },
  { path: [...anyService, 'networks', '*', 'gw_priority'], detail: refused },
  { path: [...anyService, 'env_file', '*', 'path'], detail: `${refused}; name the file only` },
  { path: [...anyService, 'ports', '*', 'name'], detail: refused },
  { path: [...anyService, 'ports', '*', 'app_protocol'], detail: refused },
  { path: [...anyService, 'ports', '*', 'host_ip'], detail: `${refused}; write "address:port:port"` },
  { path: [...anyService, 'volumes', '*', 'bind', 'create_host_path'], detail: refused },
  { path: [...anyService, 'volumes', '*', 'volume', 'subpath'], detail: refused },
  { path: [...anyService, 'build', 'additional_contexts'], detail: refused },
  { path: [...anyService, 'build', 'dockerfile_inline'], detail: `${refused}; use a Dockerfile` },
  { path: [...anyService, 'build', 'platforms'], detail: refused },
  { path: [...anyService, 'build', 'secrets'], detail: refused },
  { path: [...anyService, 'build', 'tags'], detail: refused },
  { path: [...anyService, 'pull_policy'], detail: 'docker-compose 1.x takes it and leaves it out; pin the image instead' },
];
