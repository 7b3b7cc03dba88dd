/** Sites, nodes and the links between them: as a picture, and as a table for those who read rather than look. */
import { useEffect, useState } from 'preact/hooks';
import { nodeDoubts } from '../../../../../contracts/actor-view.ts';
import { Age } from '../parts/age.tsx';
import { Heading, Panel } from '../parts/panel.tsx';
import { Status, wordOf } from '../parts/status.tsx';
import { href } from '../route.ts';
import { calmNowMs, nowMs, page, sites, world } from '../state/store.ts';
import { toneOf } from '../state/tones.ts';
import { type NodeBox, type NodeCounts, nodeCounts, nodeSize, pictureOf, type SiteBox, type Wire } from '../state/topology.ts';
import { shortened } from '../state/words.ts';
import { texts } from '../texts.ts';
import { linkWordsOf, SiteCard } from './site-card.tsx';

const t = texts.topology;

/** From here on there is room for sites beside each other. */
const wide = '(min-width: 900px)';

function useWide(): boolean {
  const [isWide, setWide] = useState(() => matchMedia(wide).matches);
  useEffect(() => {
    const query = matchMedia(wide);
    const changed = (): void => setWide(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isWide;
}

/** Letters that fit into a drawn box, at the size of their font: some 9 units each for a node, as many for a site beside its state. */
const nodeNameMax = 15;
const siteNameMax = 24;

const countWords = ({ healthy, services, besides }: NodeCounts): string =>
  [services === 0 ? '' : t.healthy(healthy, services), besides === 0 ? '' : t.besides(besides)].filter((part) => part !== '').join(', ');

const NodeShape = ({ box, isStale }: { readonly box: NodeBox; readonly isStale: boolean }) => {
  const { node, x, y, healthy, troubles, services } = box;
  const tone = isStale ? 'unknown' : toneOf(node.status);
  const word = isStale ? texts.frame.was(wordOf(node.status)) : wordOf(node.status);
  const share = services === 0 ? 0 : (healthy / services) * (nodeSize.width - 28);
  return (
    <a href={href('nodes', node.node)} class={`node-shape tone-${tone}`}>
      <title>{[`${node.node}: ${word}`, countWords(box)].filter((part) => part !== '').join(', ')}</title>
      <rect x={x} y={y} width={nodeSize.width} height={nodeSize.height} rx="9" class="node-rect" />
      <text x={x + 14} y={y + 22} class="node-name">
        {shortened(node.node, nodeNameMax)}
      </text>
      <text x={x + 14} y={y + 39} class="node-word">
        {word}
        {services === 0 ? '' : ` · ${healthy}/${services}`}
      </text>
      {services === 0 ? null : (
        <>
          <rect x={x + 14} y={y + 48} width={nodeSize.width - 28} height="4" rx="2" class={troubles > 0 && !isStale ? 'bar-bad' : 'bar-rest'} />
          <rect x={x + 14} y={y + 48} width={share} height="4" rx="2" class={isStale ? 'bar-stale' : 'bar-ok'} />
        </>
      )}
    </a>
  );
};

const SiteShape = ({ box }: { readonly box: SiteBox }) => {
  const isStale = box.view.doubt !== null || page.value !== null;
  const tone = isStale ? 'unknown' : toneOf(box.view.status);
  const { said, status } = box.view;
  const word = isStale && said !== null ? texts.frame.was(wordOf(said.status)) : wordOf(status);
  return (
    <g class={`site-shape tone-${tone}`}>
      <rect x={box.x + 1} y={box.y + 1} width={box.width - 2} height={box.height - 2} rx="14" class="site-rect" />
      <text x={box.x + 16} y={box.y + 29} class="site-name">
        {shortened(box.view.site, siteNameMax)}
        <tspan dx="10" class="site-word">
          {word}
        </tspan>
      </text>
      {box.nodes.map((each) => (
        <NodeShape key={each.node.node} box={each} isStale={isStale} />
      ))}
    </g>
  );
};

const WireShape = ({ wire: { view, path, word } }: { readonly wire: Wire }) => {
  const link = view.link;
  const tone = page.value !== null || link === null ? 'unknown' : toneOf(link.status);
  const words = linkWordsOf(view, nowMs.value);
  return (
    <g class={`wire tone-${tone} wire-${link?.status ?? 'unknown'}`}>
      <title>{t.wire(view.site, words)}</title>
      <path d={path} />
      <text x={word.x} y={word.y} class={word.isCentred ? 'wire-word centred' : 'wire-word'}>
        {words}
      </text>
    </g>
  );
};

const Picture = () => {
  const isWide = useWide();
  const picture = pictureOf(world.value, sites.value, isWide);
  if (picture.width === 0) return null;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no fieldset in a drawing
    <svg
      class="topology"
      viewBox={`0 0 ${picture.width} ${picture.height}`}
      style={{ maxWidth: `${picture.width * 1.05}px` }}
      aria-label={t.picture}
      role="group"
    >
      {picture.wires.map((wire) => (
        <WireShape key={wire.view.site} wire={wire} />
      ))}
      {picture.sites.map((box) => (
        <SiteShape key={box.view.site} box={box} />
      ))}
    </svg>
  );
};

const percent = (value: number | null | undefined): string => (value == null ? '–' : String(Math.round(value)));

const NodeTable = () => {
  const unheard = nodeDoubts(world.value, calmNowMs.value);
  return (
    <table class="table">
      <thead>
        <tr>
          {Object.values(t.columns).map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {world.value.nodes.map((node) => {
          const isStale = page.value !== null || sites.value.find(({ site }) => site === node.site)?.doubt != null;
          const health = world.value.health.get(node.node);
          const isHeard = unheard(node.node) === null;
          return (
            <tr key={node.node} class={isStale ? 'stale' : ''}>
              <th scope="row" class="free-text">
                <a href={href('nodes', node.node)}>{node.node}</a>
              </th>
              <td data-label={t.columns.site}>{node.site}</td>
              <td data-label={t.columns.status}>
                <Status of={node.status} stale={isStale} />
              </td>
              <td data-label={t.columns.heartbeat}>{node.last_seen === null ? '–' : <Age of={node.last_seen} />}</td>
              <td data-label={t.columns.services}>{countWords(nodeCounts(world.value, node.node)) || '–'}</td>
              <td data-label={t.columns.engine}>{isHeard ? node.engine : '–'}</td>
              <td data-label={t.columns.load}>
                {health === undefined || !isHeard ? '–' : `${percent(health.cpu_pct)} %, ${percent(health.memory_pct)} %, ${percent(health.disk_pct)} %`}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
};

export const TopologyView = () => (
  <>
    <Heading title={texts.views.topology} />
    <Panel title={t.picture} class="picture">
      <Picture />
    </Panel>
    <div class="card-row">
      {sites.value.map((view) => (
        <SiteCard key={view.site} view={view} />
      ))}
    </div>
    <Panel title={t.table}>
      <NodeTable />
    </Panel>
  </>
);
