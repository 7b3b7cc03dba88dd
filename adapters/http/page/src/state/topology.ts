/**
 * Where the sites and nodes stand in the picture, in units of the drawing. Pure.
 *
 * The site of this page stands on top (wide: at the left), the others below (beside) it, each joined to it, and not to each other, by its link.
 */
import { isServiceTrouble, isWanted } from '../../../../../contracts/trouble.ts';
import type { WorldNode } from '../../../../../contracts/world.ts';
import type { World } from './documents.ts';
import type { SiteView } from './freshness.ts';

export interface NodeCounts {
  readonly healthy: number;
  /** Unknown is not among them: it is not down. */
  readonly troubles: number;
  /** Those that its site counts: somebody wants them, and wants to be told. */
  readonly services: number;
  /** What runs there besides: not declared, or not watched. */
  readonly besides: number;
}

export interface NodeBox extends NodeCounts {
  readonly node: WorldNode;
  readonly x: number;
  readonly y: number;
}

export interface SiteBox {
  readonly view: SiteView;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly NodeBox[];
}

export interface Wire {
  readonly view: SiteView;
  /** As a path of SVG. */
  readonly path: string;
  /** Where stands what is said of the link. */
  readonly word: { readonly x: number; readonly y: number; readonly isCentred: boolean };
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly sites: readonly SiteBox[];
  readonly wires: readonly Wire[];
}

export const nodeSize = { width: 168, height: 62 } as const;
const gap = 12;
const pad = 14;
/** Name and state of the site. */
const head = 46;
/** Room for what is said of a link. */
const wireLength = { wide: 190, narrow: 74 } as const;
/** How far the others stand to the right where they stand below: the links come down at their left. */
const indent = 34;
/** From the upper edge of a box to where a link ends in it, and of the line in which links come down from the left edge. */
const entry = { down: 23, right: 14 } as const;

export function pictureOf(world: World, views: readonly SiteView[], isWide: boolean): Picture {
  const home = views.find(({ site }) => site === world.here) ?? views[0];
  if (home === undefined) return { width: 0, height: 0, sites: [], wires: [] };
  const others = views.filter((view) => view !== home);
  const columns = isWide ? (others.length === 0 ? 5 : 3) : 2;
  const homeBox = boxOf(world, home, { x: 0, y: 0, columns });
  const sites: SiteBox[] = [homeBox];
  const x = isWide ? homeBox.width + wireLength.wide : indent;
  let y = isWide ? 0 : homeBox.height + wireLength.narrow;
  for (const view of others) {
    const box = boxOf(world, view, { x, y, columns: 2 });
    sites.push(box);
    y += box.height + (isWide ? gap * 2 : wireLength.narrow);
  }
  const wires = isWide ? wiresBeside(homeBox, sites.slice(1)) : wiresBelow(homeBox, sites.slice(1));
  return { width: Math.max(...sites.map((box) => box.x + box.width)), height: Math.max(...sites.map((box) => box.y + box.height)), sites, wires };
}

/** From the right edge of home: straight across where every site stands beside it, else spread over that edge in their order, so that none cross. */
function wiresBeside(home: SiteBox, others: readonly SiteBox[]): readonly Wire[] {
  const middleOf = (box: SiteBox): number => box.y + box.height / 2;
  const areBeside = others.every((box) => middleOf(box) <= home.height - pad);
  return others.map((box, at) => {
    const [from, to] = [
      { x: home.width, y: areBeside ? middleOf(box) : (home.height * (at + 1)) / (others.length + 1) },
      { x: box.x, y: middleOf(box) },
    ];
    const middle = (from.x + to.x) / 2;
    return {
      view: box.view,
      path: `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`,
      // Near its own site: at home they are close together.
      word: { x: middle, y: (from.y + 3 * to.y) / 4 - 9, isCentred: true },
    };
  });
}

/** Down from home past the sites above, and into the left edge of its own. */
const wiresBelow = (home: SiteBox, others: readonly SiteBox[]): readonly Wire[] =>
  others.map((box) => ({
    view: box.view,
    path: `M${entry.right} ${home.height}V${box.y + entry.down}H${box.x}`,
    word: { x: box.x + entry.right, y: box.y - wireLength.narrow / 2 + 5, isCentred: false },
  }));

/** In one place for the picture and the table. */
export function nodeCounts({ services }: Pick<World, 'services'>, node: string): NodeCounts {
  const its = services.filter((each) => each.node === node);
  const wanted = its.filter(isWanted);
  return {
    healthy: wanted.filter(({ status }) => status === 'healthy').length,
    troubles: wanted.filter((each) => isServiceTrouble(each) && each.status !== 'unknown').length,
    services: wanted.length,
    besides: its.length - wanted.length,
  };
}

function boxOf(world: World, view: SiteView, { x, y, columns }: { readonly x: number; readonly y: number; readonly columns: number }): SiteBox {
  const nodes = world.nodes.filter(({ site }) => site === view.site);
  const across = Math.max(1, Math.min(columns, nodes.length));
  const down = Math.max(1, Math.ceil(nodes.length / across));
  return {
    view,
    x,
    y,
    width: pad * 2 + Math.max(2, across) * nodeSize.width + (Math.max(2, across) - 1) * gap,
    height: head + pad + down * nodeSize.height + (down - 1) * gap,
    nodes: nodes.map((node, at) => {
      return {
        node,
        ...nodeCounts(world, node.node),
        x: x + pad + (at % across) * (nodeSize.width + gap),
        y: y + head + Math.floor(at / across) * (nodeSize.height + gap),
      };
    }),
  };
}
