/** The files that make the broker of a site, by name: its configuration, its access list, its logins. Pure. */
import type { DeclaredTree } from '../../actors/inventory/tree.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { aclFile } from './acl-file.ts';
import { type BrokerPaths, layouts, mosquittoConf } from './mosquitto-conf.ts';
import { passwordTemplate } from './password-template.ts';
import { declaredSites, type SiteBroker, siteBroker } from './site-broker.ts';

export const siteFiles = (broker: SiteBroker, paths: BrokerPaths): ReadonlyMap<string, string> =>
  new Map([
    ['mosquitto.conf', mosquittoConf(broker, paths)],
    ['acl.conf', aclFile(broker)],
    ['passwd.template', passwordTemplate(broker)],
  ]);

/** Those of every site with a mosquitto, where its override mounts them from, by path in the repository. */
export function committedFiles(tree: DeclaredTree): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const site of declaredSites(tree)) {
    const broker = siteBroker(tree, site, topicRoot);
    for (const [name, text] of siteFiles(broker, layouts.container)) files.set(`hosts/${broker.node}/runtime/${broker.service}/${name}`, text);
  }
  return files;
}
