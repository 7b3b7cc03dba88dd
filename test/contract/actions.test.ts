/** Actions: ids are a function of type and target, every type has a risk, every state its requests. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handlers } from '../../actors/executor/handlers/handlers.table.ts';
import { ActionType, actionId, actionStates, actionTypes, openStates, requestSchemas, requestStates, riskOf, typeSlugs } from '../../contracts/action.ts';
import { actionRules } from '../../contracts/action-rules.table.ts';
import { levelPattern } from '../../contracts/common.ts';
import { topics } from '../../contracts/topics.ts';

const target = fc.record({
  type: fc.constantFrom(...actionTypes),
  node: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  service: fc.option(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,30}$/)),
});

describe('the id of an action', () => {
  it('is its type and target in kebab case', () => {
    expect(actionId({ type: 'container_restart', node: 'vps', service: 'web' })).toBe('container-restart-vps-web');
    expect(actionId({ type: 'disk_cleanup', node: 'chelsty-infra', service: null })).toBe('disk-cleanup-chelsty-infra');
    expect(actionId({ type: 'redeploy', node: 'vps', service: 'My.App_2' })).toBe('redeploy-vps-my.app_2');
  });

  it('is the same each time, and the same in any case', () => {
    fc.assert(
      fc.property(target, (each) => {
        expect(actionId({ ...each })).toBe(actionId(each));
        expect(actionId({ ...each, node: each.node.toUpperCase() })).toBe(actionId(each));
      }),
    );
  });

  it('can stand in a topic', () => {
    fc.assert(
      fc.property(target, (each) => {
        const id = actionId(each);
        expect(id).toMatch(levelPattern);
        expect(topics.action.match(topics.action.build({ node: each.node, id }))).toEqual({ node: each.node, id });
      }),
    );
  });

  it('tells types apart on one target', () => {
    expect(new Set(actionTypes.map((type) => actionId({ type, node: 'vps', service: 'web' }))).size).toBe(actionTypes.length);
  });

  it('begins with the slug of its type, and with no other', () => {
    fc.assert(
      fc.property(target, (each) => {
        const id = actionId({ ...each, node: 'vps' });
        expect(typeSlugs.filter((slug) => id.startsWith(`${slug}-vps`))).toEqual([each.type.replaceAll('_', '-')]);
      }),
    );
  });
});

describe('the types of actions', () => {
  it('each have a risk, and only they do', () => {
    expect(Object.keys(riskOf).toSorted()).toEqual([...actionTypes].toSorted());
    expect(riskOf).toMatchObject({ container_restart: 'low', redeploy: 'guarded', deploy_service: 'guarded', disk_cleanup: 'guarded', rollback: 'guarded' });
    expect(riskOf).toMatchObject({ rerun_healthcheck: 'low', collect_diagnostics: 'low', alert_only: 'low' });
  });

  it('each have a slug, none the beginning of another', () => {
    expect(typeSlugs).toHaveLength(actionTypes.length);
    expect(typeSlugs.filter((slug) => typeSlugs.some((other) => other !== slug && other.startsWith(`${slug}-`)))).toEqual([]);
  });

  it('can each be done by an executor, but for notices and what is refused when asked for', () => {
    const undone = actionTypes.filter((type) => handlers[type].effect === null);
    expect(undone).toEqual(actionTypes.filter((type) => type === 'alert_only' || actionRules[type].unsupported !== null));
  });

  it('promise health after a yes exactly where an executor looks for it', () => {
    const awaited = actionTypes.filter((type) => {
      const handler = handlers[type];
      return handler.effect !== null && handler.verify === 'health';
    });
    expect(actionTypes.filter((type) => actionRules[type].doneWhen === 'healthy' && actionRules[type].unsupported === null)).toEqual(awaited);
    expect(actionTypes.filter((type) => actionRules[type].doneWhen === 'seen')).toEqual(['alert_only']);
  });

  it('are a closed list', () => {
    expect(ActionType.safeParse('format_disk').success).toBe(false);
  });
});

describe('the states of actions', () => {
  it('can each be asked for, except expired', () => {
    expect([...requestStates, 'expired'].toSorted()).toEqual([...actionStates].toSorted());
    expect(Object.keys(requestSchemas).toSorted()).toEqual([...requestStates].toSorted());
  });

  it('are open until something became of them', () => {
    expect(openStates).toEqual(['pending', 'approved', 'running']);
  });
});
