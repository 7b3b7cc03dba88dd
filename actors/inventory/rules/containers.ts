/** Rules about every container: its name, its image, and what brings it back. */

import type { DeclaredTree } from '../tree.ts';
import { type Rule, wholeFile } from './rule.ts';
import { envLines, withVariables } from './variables.ts';
import { inCompose, viewOf } from './view.ts';

/** The repository's own image: `homelab:<version>`. */
const ownImage = 'homelab';

const containerKey: Rule = {
  id: 'container-key',
  severity: 'error',
  finds: 'a container whose key in the Compose file is neither <service> nor <service>-<part>',
  why: 'topics, incidents and repairs are found by this name',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { name, service } = container;
      if (name !== service && !name.startsWith(`${service}-`)) {
        yield inCompose(container, [], `${name} is not a name for a container of ${service}; expected ${service} or ${service}-<part>`);
      }
    }
  },
};

const containerName: Rule = {
  id: 'container-name',
  severity: 'error',
  finds: 'a container whose container_name is missing or differs from its key in the Compose file',
  why: 'without it Compose makes up <directory>_<key>_1, and interrupted updates left containers that nobody recognised',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { name, compose } = container;
      if (compose.container_name === name) continue;
      const found = compose.container_name === undefined ? 'there is no container_name' : `the container is called ${compose.container_name}`;
      yield inCompose(container, ['container_name'], `${found}; expected container_name: ${name}`);
    }
  },
};

const restartPolicy: Rule = {
  id: 'restart-policy',
  severity: 'error',
  finds: 'a container whose restart policy is not unless-stopped, or a service.yaml that says another one',
  why: 'a broker with restart "no" died at night and nothing brought it back',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { restart } = container.compose;
      if (restart === 'unless-stopped') continue;
      const found = restart === undefined ? 'there is no restart policy' : `restart is ${JSON.stringify(restart)}`;
      yield inCompose(container, ['restart'], `${found}; expected restart: unless-stopped`);
    }
    for (const { service, compose } of tree.services.values()) {
      if (typeof service === 'string' || compose === 'absent') continue;
      const said = service.value.service.restart_policy;
      if (said === 'unless-stopped') continue;
      yield {
        file: service.path,
        place: service.placeOf(['service', 'restart_policy']),
        detail: `restart_policy is ${said}; expected unless-stopped, as in the Compose file`,
      };
    }
  },
};

const imageTag: Rule = {
  id: 'image-tag',
  severity: 'error',
  finds: 'an image without a pinned version: no tag, `latest` and its like, or a bare major such as `:7` or `:7-alpine`',
  why: 'the same commit must run the same program tomorrow, and a rollback must lead somewhere',
  *find(tree) {
    for (const container of viewOf(tree).containers) {
      const { image, build } = container.compose;
      if (image === undefined) {
        if (build !== undefined) yield inCompose(container, ['build'], 'built without a name; expected image: <name>:<version> beside build');
        continue;
      }
      const fault = tagFault(tree, container.service, image);
      if (fault !== null) yield inCompose(container, ['image'], `${image}: ${fault}; expected a version such as :2.0.21, or a digest`);
    }
  },
};

/** Tags that their publishers move. */
const movingTag = /^(latest|stable|main|master|edge|nightly|dev|develop|rolling|lts|next|beta|alpha|release|production)(-.*)?$/;
/** A bare number, perhaps with what it is built on; six digits and more are a date or a build. */
const bareMajor = /^v?\d{1,5}(-[a-z][a-z0-9.]*)*$/;

function tagFault(tree: DeclaredTree, service: string, image: string): string | null {
  const env = tree.services.get(service)?.envExample ?? null;
  const text = withVariables(image, envLines(env));
  // Without env.example there is a finding already.
  if (text === null && env === null) return null;
  if (text === null) return 'it depends on a variable that has no value in env.example';
  if (/@sha256:[0-9a-f]{64}$/.test(text)) return null;
  const tag = tagOf(text);
  if (tag === null) return 'there is no tag';
  if (movingTag.test(tag)) return `the tag ${tag} moves`;
  return bareMajor.test(tag) ? `the tag ${tag} is a bare major version, which moves` : null;
}

/** What follows the last colon after the last slash: a colon before it belongs to the port of a registry. */
const tagOf = (image: string): string | null => /:([^:/]+)$/.exec(image)?.[1] ?? null;

const ownImageVersion: Rule = {
  id: 'own-image-version',
  severity: 'error',
  finds: 'a container of the `homelab` image of another version than this program',
  why: 'actors of two versions may not understand each other; an update changes all of them in one commit',
  *find(tree, program) {
    for (const container of viewOf(tree).containers) {
      const { image } = container.compose;
      const name = image?.slice(0, image.lastIndexOf(':')) ?? '';
      const tag = image === undefined ? null : tagOf(image);
      // Without a pinned tag there is a finding already.
      if (name.split('/').at(-1) !== ownImage || tag === null || tag.includes('$') || tag === program.version || movingTag.test(tag) || bareMajor.test(tag)) {
        continue;
      }
      yield inCompose(container, ['image'], `${image} is not of this version; expected ${ownImage}:${program.version}`);
    }
  },
};

const noContainers: Rule = {
  id: 'no-containers',
  severity: 'error',
  finds: 'a Compose file without a single container',
  why: 'the service would be declared and never be seen running',
  saidByCompose: true,
  *find(tree) {
    for (const { compose } of tree.services.values()) {
      if (typeof compose === 'string' || Object.keys(compose.value.services ?? {}).length > 0) continue;
      yield wholeFile(compose.path, 'there is nothing under services');
    }
  },
};

export const containerRules: readonly Rule[] = [containerKey, containerName, restartPolicy, imageTag, ownImageVersion, noContainers];
