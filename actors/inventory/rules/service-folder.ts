/** Rules about which files there are: the five of a service, its name, its health check, and overrides that belong to something. */
import { serviceFolderFiles } from '../../../contracts/inventory/files.table.ts';
import type { DeclaredTree, ServiceFiles } from '../tree.ts';
import { at, type Fault, type Rule, wholeFile } from './rule.ts';
import { hasUnclearNode, isUnclearNode, viewOf } from './view.ts';

const missingFile: Rule = {
  id: 'missing-file',
  severity: 'error',
  finds: `a directory in services/ without one of ${serviceFolderFiles.join(', ')}; the Compose file only where docker-compose starts it`,
  why: 'whoever repairs it at night finds the same five files everywhere',
  *find(tree) {
    const unreadable = new Set(tree.findings.map(({ file }) => file));
    for (const files of tree.services.values()) {
      const isStartedOtherwise = notByCompose(tree, files.name);
      for (const name of serviceFolderFiles) {
        const path = `services/${files.name}/${name}`;
        // One that cannot be read has a finding already.
        if (isThere(files, name) || unreadable.has(path) || (name === 'docker-compose.yml' && isStartedOtherwise)) continue;
        yield wholeFile(path, `the file is missing; a service has ${serviceFolderFiles.join(', ')}`);
      }
    }
  },
};

function isThere(files: ServiceFiles, name: (typeof serviceFolderFiles)[number]): boolean {
  switch (name) {
    case 'docker-compose.yml':
      return files.compose !== 'absent';
    case 'service.yaml':
      return files.service !== 'absent';
    case 'README.md':
      return files.readme !== null;
    case 'env.example':
      return files.envExample !== null;
    case 'healthcheck.sh':
      return files.healthcheck !== null;
  }
}

/** Declared somewhere, or on a node that is not clear, and nowhere as a docker-compose service. */
function notByCompose(tree: DeclaredTree, service: string): boolean {
  const placements = viewOf(tree).placements.filter((placement) => placement.service === service);
  if (placements.length === 0) return hasUnclearNode(tree);
  return placements.every(({ declared }) => declared.deployment_model !== 'docker-compose');
}

const serviceName: Rule = {
  id: 'service-name',
  severity: 'error',
  finds: 'a service.yaml whose name is not that of its directory',
  why: 'directory, container and topics share one name; with two of them nobody finds the third',
  *find(tree) {
    for (const { name, service } of tree.services.values()) {
      if (typeof service === 'string' || service.value.service.name === name) continue;
      yield at(service, ['service', 'name'], `the name is ${service.value.service.name}; the directory is called ${name}`);
    }
  },
};

const overrideWithoutService: Rule = {
  id: 'override-without-service',
  severity: 'error',
  finds: 'an override for a service that the node does not declare, or that docker-compose does not start there',
  why: 'it is never used, and looks as if it were',
  *find(tree) {
    const { placements } = viewOf(tree);
    for (const host of tree.hosts.values()) {
      if (isUnclearNode(tree, host.node)) continue;
      for (const [service, file] of host.overrides) {
        const placement = placements.find((each) => each.node === host.node && each.service === service);
        const path = typeof file === 'string' ? `hosts/${host.node}/runtime/${service}/docker-compose.override.yml` : file.path;
        if (placement === undefined) yield wholeFile(path, `${service} is not in hosts/${host.node}/services.yaml`);
        else if (placement.declared.deployment_model !== 'docker-compose')
          yield wholeFile(path, `${service} is started by ${placement.declared.deployment_model} here, not by docker-compose`);
      }
    }
  },
};

const overrideContainer: Rule = {
  id: 'override-container',
  severity: 'error',
  finds: 'an override of a container that the Compose file of the service does not have',
  why: 'a misspelt key makes a second container instead of changing the first; docker-compose refuses it for want of an image',
  saidByCompose: true,
  *find(tree) {
    for (const { files, host, service } of viewOf(tree).placements) {
      const override = host.overrides.get(service);
      if (override === undefined || typeof override === 'string' || files === null || typeof files.compose === 'string') continue;
      const base = files.compose.value.services ?? {};
      for (const [name, given] of Object.entries(override.value.services ?? {})) {
        if (name in base || given?.image !== undefined || given?.build !== undefined) continue;
        yield at(
          override,
          ['services', name],
          `services/${service}/docker-compose.yml has no ${name}; it has ${Object.keys(base).join(', ') || 'no containers'}`,
        );
      }
    }
  },
};

const notExecutable: Rule = {
  id: 'healthcheck-not-executable',
  severity: 'error',
  finds: 'a healthcheck.sh that is not executable',
  why: 'it is started by its path; without the bit every check fails, and a healthy service looks dead',
  *find(tree) {
    for (const { healthcheck } of tree.services.values()) {
      if (healthcheck !== null && !healthcheck.isExecutable) yield wholeFile(healthcheck.path, 'not executable; chmod +x, and git update-index --chmod=+x');
    }
  },
};

const shebang: Rule = {
  id: 'healthcheck-shebang',
  severity: 'error',
  finds: 'a healthcheck.sh whose first line does not say which shell runs it',
  why: 'without it the shell of whoever calls decides, and small images have no bash',
  *find(tree) {
    for (const { healthcheck } of tree.services.values()) {
      if (healthcheck !== null && !/^#!\s*\/\S/.test(healthcheck.text)) yield firstLine(healthcheck.path, 'begins without #!/bin/sh');
    }
  },
};

const firstLine = (file: string, detail: string): Fault => ({ file, place: { line: 1, column: 1 }, detail });

const missingCapabilities: Rule = {
  id: 'missing-capabilities',
  severity: 'warning',
  finds: 'a node without capabilities.yaml',
  why: 'nothing that is placed on it can be judged',
  *find(tree) {
    for (const { node, capabilities } of tree.hosts.values()) {
      if (capabilities === 'absent') yield wholeFile(`hosts/${node}/capabilities.yaml`, 'the file is missing, so no placement on this node can be judged');
    }
  },
};

export const serviceFolderRules: readonly Rule[] = [
  missingFile,
  serviceName,
  overrideWithoutService,
  overrideContainer,
  notExecutable,
  shebang,
  missingCapabilities,
];
