import { describe, expect, it } from 'vitest';
import { accessListOf } from '../../contracts/access-list.ts';
import { actorNames } from '../../contracts/actor-names.ts';
import { moverOf, type Standing, standingOf } from './access.ts';

const open = { access: null, anonymousAllowed: false };
const listed = { access: { alice: 'operator', 'home-assistant': 'delegate', kiosk: 'reader', 'planner-solaria': 'operator' }, anonymousAllowed: true } as const;

const asWhom = (login: string, rules: Parameters<typeof standingOf>[1], person?: string): string => {
  const named = moverOf(standingOf(login, rules), person);
  return named.ok ? `${named.mover.role}: ${named.mover.by}` : named.code;
};

describe('the access list of a site', () => {
  it('is null when no desired document carries one', () => {
    expect(accessListOf([{ access: null }, { access: null }])).toBeNull();
    expect(accessListOf([])).toBeNull();
  });

  it('is the union, and where two disagree the lesser privilege wins', () => {
    const lists = [
      { access: { alice: 'operator', bob: 'reader' } as const },
      { access: null },
      { access: { alice: 'delegate', bob: 'operator', carol: 'operator' } as const },
    ];
    expect({ ...accessListOf(lists) }).toEqual({ alice: 'delegate', bob: 'reader', carol: 'operator' });
    expect({ ...accessListOf(lists.toReversed()) }).toEqual({ alice: 'delegate', bob: 'reader', carol: 'operator' });
  });

  it('that is empty lets nobody in', () => {
    expect(standingOf('alice', { access: accessListOf([{ access: {} }]), anonymousAllowed: false }).kind).toBe('stranger');
  });
});

describe('who somebody is', () => {
  it('is an operator without a list, and what the list says with one', () => {
    expect(asWhom('alice', open)).toBe('person: alice');
    expect(asWhom('alice', listed)).toBe('person: alice');
    expect(asWhom('mallory', listed)).toBe('not_allowed');
    expect(asWhom('kiosk', listed)).toBe('not_allowed');
    expect(asWhom('toString', listed)).toBe('not_allowed');
    expect(asWhom('__proto__', { ...open, access: accessListOf([{ access: { alice: 'operator' } }]) })).toBe('not_allowed');
  });

  it('is a person behind a delegate, who must be named', () => {
    expect(asWhom('home-assistant', listed, 'bob')).toBe('person: bob via home-assistant');
    expect(asWhom('home-assistant', listed)).toBe('on_behalf_of_needed');
    expect(asWhom('home-assistant', listed, ' \n ')).toBe('on_behalf_of_needed');
    expect(asWhom('telegram-bot-piha', open, 'bob\nsmith')).toBe('person: bob smith via telegram-bot-piha');
    expect(asWhom('operator-ui-vps', listed)).toBe('on_behalf_of_needed');
  });

  it('is an operator by his own name, whoever he asks for', () => {
    expect(asWhom('alice', open, 'bob')).toBe('person: alice for bob');
  });

  it('is a program for every login of an actor, whatever a list says', () => {
    const standing = (login: string): Standing['kind'] => standingOf(login, listed).kind;
    for (const actor of actorNames) {
      const kind = ['operator-ui', 'telegram-bot', 'homeassistant'].includes(actor) ? 'person' : 'program';
      expect([actor, standing(`${actor}-vps`), standing(actor)]).toEqual([actor, kind, kind]);
    }
    expect(asWhom('planner-solaria', listed)).toBe('proposer: planner-solaria');
    expect(asWhom('supervisor-vps', open, 'alice')).toBe('proposer: supervisor-vps');
    expect(asWhom('executor-vps', open)).toBe('executor: executor-vps');
    expect(asWhom('executor', open)).toBe('none: executor');
    expect(asWhom('ledger', open)).toBe('none: ledger');
  });

  it('is anonymous only behind a broker that nobody else reaches, and without a list', () => {
    expect(asWhom('anonymous', { access: null, anonymousAllowed: true }, 'alice')).toBe('person: anonymous');
    expect(asWhom('anonymous', open)).toBe('not_allowed');
    expect(asWhom('anonymous', listed)).toBe('not_allowed');
  });
});
