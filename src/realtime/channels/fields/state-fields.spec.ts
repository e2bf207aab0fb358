import 'reflect-metadata';
import { Exclude, Expose, Type } from 'class-transformer';
import { IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { applyPatch, eventBody, parsePath, type StatePatch } from '../../../protocol/index.js';
import { ExposeToUser } from './expose-to-user.js';
import { StateFields } from './state-fields.js';

class Card {
  @IsString()
  title!: string;

  @Expose({ groups: ['admin'] })
  salary?: number;

  @Exclude()
  hash?: string;
}

@Exclude()
class Owner {
  @Expose()
  name!: string;

  @Expose({ groups: ['support', 'admin'] })
  email?: string;
}

class Board {
  @ValidateNested()
  @Type(() => Card)
  cards!: Map<string, Card>;

  @ValidateNested({ each: true })
  @Type(() => Card)
  list!: Card[];

  @ValidateNested()
  @Type(() => Owner)
  owner!: Owner;

  @Expose({ groups: ['admin'] })
  @Type(() => Owner)
  approver?: Owner;
}

class Open {
  @IsString()
  name!: string;
}

class Note {
  @IsString()
  author!: string;

  @ExposeToUser('author')
  draft?: string;
}

const fields = StateFields.ofState(Board);
const viewOf = (...groups: string[]) => fields.viewOf(groups);

const card = fc.record(
  { title: fc.constant('t'), salary: fc.constant('SECRET'), hash: fc.constant('HASH') },
  { requiredKeys: [] },
);
const owner = fc.record(
  { name: fc.constant('n'), email: fc.constant('MAIL'), age: fc.constant('AGE') },
  { requiredKeys: [] },
);
const board = fc.record(
  {
    cards: fc.dictionary(fc.constantFrom('7', '8', 'salary'), card, { noNullPrototype: true, maxKeys: 2 }),
    list: fc.array(card, { maxLength: 2 }),
    owner,
    approver: owner,
    other: fc.constant('open'),
  },
  { requiredKeys: ['cards', 'owner'] },
);
const changes: fc.Arbitrary<readonly [string, unknown]> = fc.oneof(
  fc.tuple(fc.constantFrom('/cards/7', '/cards/9'), card),
  fc.tuple(
    fc.constantFrom('/cards/7/title', '/cards/7/salary', '/cards/8/hash', '/owner/email', '/owner/age', '/other'),
    fc.constantFrom('SECRET', 'x'),
  ),
  fc.tuple(fc.constant('/list'), fc.array(card, { maxLength: 2 })),
  fc.tuple(fc.constantFrom('/owner', '/approver'), owner),
  fc.tuple(fc.constant('/cards'), fc.dictionary(fc.constantFrom('7', '8'), card, { noNullPrototype: true })),
  fc.tuple(fc.constant(''), board),
);
const patch = fc.array(fc.tuple(changes, fc.boolean()), { maxLength: 4 }).map((list): StatePatch => {
  const set: Record<string, unknown> = {};
  const remove: string[] = [];
  const taken: string[] = [];
  for (const [[path, value], isRemoved] of list) {
    if (taken.some((one) => `${one}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${one}/`))) continue;
    taken.push(path);
    if (isRemoved && path !== '') remove.push(path);
    else set[path] = value;
  }
  return { set, remove };
});

/** Without empty objects: one of which a viewer can see no field can be missing. */
function pruned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(pruned);
  const entries = Object.entries(value).map(([name, inner]) => [name, pruned(inner)] as const);
  const kept = entries.filter(
    ([, inner]) => typeof inner !== 'object' || inner === null || Object.keys(inner).length > 0,
  );
  return Object.fromEntries(kept);
}

describe('StateFields', () => {
  it('cuts a patch as it cuts the state', () => {
    const views = [viewOf(), viewOf('support'), viewOf('admin'), fields.viewOf([], ['owner.email'])];
    fc.assert(
      fc.property(board, patch, fc.constantFrom(...views), (state, change, view) => {
        const whole = applyPatch(state, change);
        const cut = structuredClone(change);
        fields.narrow(cut, view);
        const received = applyPatch(fields.cut(state, view), cut);
        expect(pruned(received)).toEqual(pruned(fields.cut(whole, view)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('lets no hidden name or value out, in a state or a patch', () => {
    fc.assert(
      fc.property(board, patch, (state, change) => {
        const cut = structuredClone(change);
        fields.narrow(cut, viewOf());
        for (const path of [...Object.keys(cut.set ?? {}), ...(cut.remove ?? [])]) {
          expect(parsePath(path).slice(-1)).not.toEqual(expect.arrayContaining(['hash', 'email', 'age', 'approver']));
        }
        const sent = JSON.stringify([fields.cut(state, viewOf()), Object.values(cut.set ?? {})]);
        expect(sent).not.toMatch(/HASH|MAIL|AGE|approver|"hash"|"email"|"age"/);
        for (const path of cut.remove ?? []) expect(path).not.toMatch(/\/(hash|email|age|approver)$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not change the state that it cuts', () => {
    const state = { cards: { 7: { title: 'x', salary: 1 } }, owner: { name: 'n' } };
    expect(fields.cut(state, viewOf())).toEqual({ cards: { 7: { title: 'x' } }, owner: { name: 'n' } });
    expect(state.cards[7].salary).toBe(1);
  });

  it('restricts nothing for a class without restricted fields', () => {
    const open = StateFields.ofState(Open);
    const state = { name: 'x', any: 1 };
    expect([open.restricts, open.isWhole(open.viewOf([])), open.cut(state, open.viewOf([]))]).toEqual([
      false,
      true,
      state,
    ]);
  });

  it('refuses rules that depend on other fields of an object', () => {
    expect(() => StateFields.ofState(Note)).toThrow('has @ExposeToUser, which a live resource cannot have');
  });

  it('replaces a difference at another position than its own by a reload', () => {
    const of = (data: object, limited = false): string =>
      eventBody('b', JSON.stringify(data), '2026-01-01T12:00:00.000Z', limited);
    const conditional = { after: 'e-4', by: 'load-1', set: { '/a': 1 } };
    for (const limited of [false, true]) {
      expect(fields.received(of(conditional, limited), { epoch: 'e', offset: 5 })).toBe(of(conditional, limited));
      for (const position of [{ epoch: 'e', offset: 6 }, { epoch: 'f', offset: 5 }, null]) {
        const received = fields.received(of(conditional, limited), position);
        expect(received).toContain('{"reload":true,"by":"load-1"}');
        expect(fields.isReload(received)).toBe(true);
      }
    }
    expect(fields.isReload(of({ reload: true }))).toBe(true);
    expect(fields.isReload(of(conditional))).toBe(false);
    expect(fields.isReload(of({ set: { '/a': '"data":{"reload":true}' } }))).toBe(false);
  });
});
