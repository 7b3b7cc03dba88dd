/** The reserved node name of a site. */

/** The reserved name under which the troubles of a site itself are kept. */
export const siteNode = (site: string): string => `site-${site}`;

/** The site behind that name; null: it is the name of a machine. */
export const siteOfNode = (node: string): string | null => (node.startsWith(siteNode('')) ? node.slice(siteNode('').length) : null);
