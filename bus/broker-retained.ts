/**
 * The retained messages of the embedded broker in memory, as a tree of topic levels.
 *
 * Why: aedes decodes and tests every retained message for each subscription (100,000: 60 ms in memory, 390 ms on disk),
 * here an exact topic costs as many steps as it has levels. Remembers nothing across a restart: broker-store.ts fills it.
 */
import type { BrokerPacket } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { BrokerLimits } from './broker-limits.ts';
import type { Backlog } from './broker-order.ts';

interface TreeNode {
  readonly children: Map<string, TreeNode>;
  packet: BrokerPacket | null;
}

/** Shared by all leaves: a Map each would double the memory. */
const noChildren: ReadonlyMap<string, TreeNode> = new Map();

/** Children are made with the first one. */
class LazyNode implements TreeNode {
  packet: BrokerPacket | null = null;
  private own: Map<string, TreeNode> | null = null;
  get children(): Map<string, TreeNode> {
    return this.own ?? (noChildren as Map<string, TreeNode>);
  }
  child(level: string): LazyNode {
    this.own ??= new Map();
    const existing = this.own.get(level);
    if (existing !== undefined) return existing as LazyNode;
    const made = new LazyNode();
    this.own.set(level, made);
    return made;
  }
}

export class RetainedMessages {
  private readonly limits: BrokerLimits;
  private readonly counters: BrokerCounters;
  private readonly root = new LazyNode();
  private messages = 0;
  private messageBytes = 0;
  /** Nodes looked at by all look-ups so far. */
  visited = 0;

  constructor(limits: BrokerLimits, counters: BrokerCounters) {
    this.limits = limits;
    this.counters = counters;
  }

  get count(): number {
    return this.messages;
  }

  get bytes(): number {
    return this.messageBytes;
  }

  /** Does it fit for certain beside so much more, whatever is on its topic? Costs no look-up. */
  hasRoom(packet: BrokerPacket, beside: Backlog): boolean {
    const { retainedMessagesMax, retainedBytesMax } = this.limits;
    return this.messages + beside.messages < retainedMessagesMax && this.messageBytes + beside.bytes + sizeOf(packet) <= retainedBytesMax;
  }

  /** Would this message still fit? One on a topic that is retained already, and one that clears, always do. */
  admits(packet: BrokerPacket): boolean {
    if (packet.payload.length === 0 || this.hasRoom(packet, nothing) || this.find(packet.topic)?.packet) return true;
    this.counters.retainedRefused += 1;
    return false;
  }

  /** An empty payload removes the message. */
  store(packet: BrokerPacket): void {
    if (packet.payload.length === 0) {
      this.remove(packet.topic);
      return;
    }
    let node = this.root;
    for (const level of packet.topic.split('/')) node = node.child(level);
    if (node.packet === null) this.messages += 1;
    else this.messageBytes -= sizeOf(node.packet);
    // Copied: the payload is a window on a whole chunk of the socket, which would stay in memory with it.
    node.packet = { topic: packet.topic, payload: Buffer.from(packet.payload), qos: packet.qos, retain: true };
    this.messageBytes += sizeOf(packet);
  }

  /** A snapshot, taken when called; in no particular order. */
  matching(filter: string): readonly BrokerPacket[] {
    const found: BrokerPacket[] = [];
    this.collect(this.root, filter.split('/'), 0, found);
    return found;
  }

  private collect(node: TreeNode, levels: readonly string[], depth: number, found: BrokerPacket[]): void {
    this.visited += 1;
    if (depth === levels.length) {
      if (node.packet !== null) found.push(node.packet);
      return;
    }
    const level = levels[depth] ?? '';
    if (level === '#') {
      this.collectAll(node, depth, found);
      return;
    }
    if (level !== '+') {
      const child = node.children.get(level);
      if (child !== undefined) this.collect(child, levels, depth + 1, found);
      return;
    }
    for (const [name, child] of node.children) if (!isHidden(name, depth)) this.collect(child, levels, depth + 1, found);
  }

  /** The node itself too: `a/#` includes `a` (4.7.1.2). */
  private collectAll(node: TreeNode, depth: number, found: BrokerPacket[]): void {
    if (node.packet !== null) found.push(node.packet);
    for (const [name, child] of node.children) {
      if (isHidden(name, depth)) continue;
      this.visited += 1;
      this.collectAll(child, depth + 1, found);
    }
  }

  private find(topic: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.root;
    for (const level of topic.split('/')) {
      node = node.children.get(level);
      if (node === undefined) return undefined;
    }
    return node;
  }

  private remove(topic: string): void {
    const node = this.find(topic);
    if (node === undefined || node.packet === null) return;
    this.messages -= 1;
    this.messageBytes -= sizeOf(node.packet);
    node.packet = null;
    this.prune(this.root, topic.split('/'), 0);
  }

  /** Takes away what leads nowhere any more; true when `node` itself does. */
  private prune(node: TreeNode, levels: readonly string[], depth: number): boolean {
    const level = levels[depth];
    const child = level === undefined ? undefined : node.children.get(level);
    if (level !== undefined && child !== undefined && this.prune(child, levels, depth + 1)) node.children.delete(level);
    return node.children.size === 0 && node.packet === null;
  }
}

/** Wildcards do not match a first level that begins with `$` (4.7.2). */
const isHidden = (name: string, depth: number): boolean => depth === 0 && name.startsWith('$');

const nothing: Backlog = { messages: 0, bytes: 0 };

const sizeOf = (packet: BrokerPacket): number => packet.topic.length + packet.payload.length;
