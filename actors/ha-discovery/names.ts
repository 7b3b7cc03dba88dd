/**
 * Names for Home Assistant: ids that stay as long as the thing has its name, and entity ids that people can read. Pure.
 *
 * Ids may hold [a-zA-Z0-9_-] only (a dot makes the topic illegal), and names of services hold dots, umlauts and more. What would not
 * stay the same is cut down and gets a digest of the whole name behind two underscores, so that two names never share an id.
 */
import { createHash } from 'node:crypto';

/** Two of these, the digests and the words around them stay below the 128 characters of a topic level. */
const partChars = 40;

/** Names that are ids already: no underscore, which joins the parts of an id. */
const plain = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

const ascii = (name: string): string => name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

function idPart(name: string): string {
  if (plain.test(name)) return name;
  const readable = ascii(name)
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, partChars)
    .replaceAll(/^-+|-+$/g, '');
  return `${readable}__${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** `homelab_service_vps_web`. The first part is the root of the topics: two homelabs may share one Home Assistant. */
export const idOf = (root: string, kind: 'site' | 'node' | 'service', ...names: readonly string[]): string => [root, kind, ...names].map(idPart).join('_');

/** Whether an id is one that a homelab of this root would give. */
export const isOwnId = (root: string, id: string): boolean => ['site', 'node', 'service'].some((kind) => id.startsWith(`${idPart(root)}_${kind}_`));

/** Home Assistant allows 255 characters for domain and all; shorter ones can be typed. */
const entityNameChars = 100;

/** `sensor.vps_web_status`: only what it is called at first; people may rename it, and it follows its unique id. */
export const entityId = (platform: string, ...names: readonly string[]): string => {
  const slug = ascii(names.join('_'))
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, entityNameChars)
    .replaceAll(/^_+|_+$/g, '');
  return `${platform}.${slug === '' ? 'homelab' : slug}`;
};
