/**
 * Home Assistant as far as buttons need it: what is announced to it as entities, and in which order it writes a state, renders a template
 * and sends.
 *
 * From its source: a call of an entity sets the context of who called (helpers/service.py, entity_service_call); a state is written with
 * that context while it is younger than CONTEXT_RECENT_TIME_SECONDS, else with one of nobody, and not at all where neither state nor
 * attributes are new (helpers/entity.py, core.py async_set_internal); `this` of a template is the state as it was last written
 * (TemplateStateFromEntityId). A button writes, then renders and sends (components/button, _async_press_action). An MQTT text renders
 * and sends, and writes afterwards, without a state topic only (components/mqtt/text.py, async_set_value).
 */
import type { Clock } from '../../bus/clock.ts';
import { render, type Scope } from './ha-template.ts';

/** helpers/entity.py, CONTEXT_RECENT_TIME_SECONDS. */
export const contextRecentMs = 5_000;

interface Context {
  /** null: an automation, or Home Assistant itself. */
  readonly user_id: string | null;
}

interface State {
  readonly state: string;
  readonly attributes: Scope;
  readonly context: Context;
}

type Config = Readonly<Record<string, unknown>> & { readonly platform: string };

interface Source {
  readonly topic: string;
  readonly value_template: string;
}

interface Entity {
  readonly config: Config;
  readonly sources: readonly Source[];
  readonly online: Set<Source>;
  attributes: Scope;
  value: string;
  context: Context | null;
  contextSetMs: number;
  written: State | null;
}

export interface Published {
  readonly topic: string;
  readonly text: string;
}

export interface FrontEndOptions {
  readonly clock: Clock;
  /** User → the name of their person. */
  readonly people: Readonly<Record<string, string>>;
  readonly publish: (message: Published) => void;
}

export class HomeAssistantFrontEnd {
  private readonly options: FrontEndOptions;
  private readonly entities = new Map<string, Entity>();
  private readonly retained = new Map<string, string>();
  private presses = 0;

  constructor(options: FrontEndOptions) {
    this.options = options;
  }

  /** A device as it is announced: its entities, by their keys. */
  announced(text: string): void {
    const payload = JSON.parse(text) as { readonly components: Readonly<Record<string, Config>>; readonly availability?: readonly Source[] };
    for (const [key, config] of Object.entries(payload.components)) {
      if (Object.keys(config).length === 1) {
        this.entities.delete(key);
        continue;
      }
      const sources = (config['availability'] ?? payload.availability ?? []) as readonly Source[];
      const entity = { config, sources, online: new Set<Source>(), attributes: {}, value: 'unknown', context: null, contextSetMs: 0, written: null };
      this.entities.set(key, entity);
      for (const [topic, retained] of this.retained) this.hearAs(entity, topic, retained);
    }
  }

  /** A retained message. */
  hear(topic: string, text: string): void {
    this.retained.set(topic, text);
    for (const entity of this.entities.values()) this.hearAs(entity, topic, text);
  }

  /** Everybody who reads a topic has read it before anything is written. */
  private hearAs(entity: Entity, topic: string, text: string): void {
    const { config, sources, online } = entity;
    const value = { value_json: text === '' ? undefined : (JSON.parse(text) as unknown), value: text };
    let isRead = false;
    for (const source of sources.filter((each) => each.topic === topic)) {
      isRead = true;
      if (render(source.value_template, value) === 'online') online.add(source);
      else online.delete(source);
    }
    if (config['json_attributes_topic'] === topic) {
      isRead = true;
      entity.attributes = JSON.parse(render(String(config['json_attributes_template']), value)) as Scope;
    }
    if (config['state_topic'] === topic) {
      isRead = true;
      entity.value = render(String(config['value_template']), value);
    }
    if (isRead) this.write(entity);
  }

  isAvailable(key: string): boolean {
    const entity = this.entities.get(key);
    return entity !== undefined && entity.online.size === entity.sources.length;
  }

  has(key: string): boolean {
    return this.entities.has(key);
  }

  /** What its details show. */
  attributesOf(key: string): Scope {
    return this.entities.get(key)?.written?.attributes ?? {};
  }

  /** `user`: null for an automation. One that is unavailable is passed over without a word. */
  press(key: string, user: string | null): void {
    const entity = this.called(key, user);
    if (entity === null) return;
    // In microseconds there: no two presses have the same state, which would not be written.
    this.presses += 1;
    entity.value = `${new Date(this.options.clock.now()).toISOString().slice(0, -1)}${String(this.presses % 1_000).padStart(3, '0')}+00:00`;
    this.write(entity);
    this.send(entity, 'PRESS');
  }

  setText(key: string, typed: string, user: string | null): void {
    const entity = this.called(key, user);
    if (entity === null) return;
    this.send(entity, typed);
    if (entity.config['state_topic'] !== undefined) return;
    entity.value = typed;
    this.write(entity);
  }

  private called(key: string, user: string | null): Entity | null {
    const entity = this.entities.get(key);
    if (entity === undefined || !this.isAvailable(key)) return null;
    entity.context = { user_id: user };
    entity.contextSetMs = this.options.clock.now();
    return entity;
  }

  private write(entity: Entity): void {
    if (this.options.clock.now() - entity.contextSetMs > contextRecentMs) entity.context = null;
    const isThere = entity.online.size === entity.sources.length;
    const [state, attributes] = [isThere ? entity.value : 'unavailable', isThere ? entity.attributes : {}];
    const before = entity.written;
    if (before !== null && before.state === state && JSON.stringify(before.attributes) === JSON.stringify(attributes)) return;
    entity.written = { state, attributes, context: entity.context ?? { user_id: null } };
  }

  private send({ config, written }: Entity, value: string): void {
    const { clock, people, publish } = this.options;
    const states = { person: Object.entries(people).map(([user, name]) => ({ name, attributes: { user_id: user } })) };
    const scope = { value, this: written ?? undefined, states, now: () => ({ timestamp: () => clock.now() / 1_000 }) };
    publish({ topic: String(config['command_topic']), text: render(String(config['command_template']), scope) });
  }
}
