import { Exclude, Expose, Type } from 'class-transformer';
import { IsOptional, IsString } from 'class-validator';
import fc from 'fast-check';
import { ExposeToUser } from './expose-to-user.js';
import { FieldGroups, MAX_NAMED_USERS, NO_GROUPS } from './field-groups.js';

class Account {
  @IsOptional()
  id?: string | number;

  @Expose({ groups: ['admin'] })
  @ExposeToUser('id')
  email?: string;

  @Expose({ groups: ['admin'] })
  notes?: string;
}

class Team {
  @Exclude()
  ownerId?: string;

  @Expose({ name: 'buyer_id' })
  buyerId?: string;

  @ExposeToUser('ownerId', 'buyerId')
  price?: number;

  @Type(() => Account)
  members?: Account[];

  @Type(() => Account)
  byName?: Map<string, Account>;

  @Type(() => Account)
  @Expose({ groups: ['admin'] })
  @ExposeToUser('ownerId')
  auditor?: Account;
}

class Person extends Account {
  @IsOptional()
  guardianId?: string;

  @ExposeToUser('guardianId')
  declare email?: string;
}

/** Returns the data that a user receives, and the users to whom the event shows more than to an unnamed user. */
function seen(type: new () => object, data: unknown, userId: string | null, groups: readonly string[] = []) {
  const fields = FieldGroups.of(type)!;
  const copy: unknown = JSON.parse(JSON.stringify(data));
  fields.narrow(copy, fields.viewOf(groups, [], userId));
  const forAll: unknown = JSON.parse(JSON.stringify(data));
  return { data: copy, named: [...fields.narrow(forAll, fields.viewOf(groups))] };
}

describe('a field that is exposed to a user', () => {
  const account = { id: 'ann', email: 'ann@example.com', notes: 'x' };

  it('is sent only to the user whose id is in the object, and to its groups', () => {
    expect(seen(Account, account, 'ann')).toEqual({ data: { id: 'ann', email: account.email }, named: ['ann'] });
    for (const other of ['ben', 'Ann', 'ann ', '', null]) {
      expect(seen(Account, account, other)).toEqual({ data: { id: 'ann' }, named: ['ann'] });
    }
    expect(seen(Account, account, 'ben', ['admin'])).toEqual({ data: account, named: [] });
  });

  it('is sent if the id is a whole number, as in tokens', () => {
    expect(seen(Account, { ...account, id: 5 }, '5').data).toHaveProperty('email');
    expect(seen(Account, { ...account, id: Number.MAX_SAFE_INTEGER }, '9007199254740991').data).toHaveProperty('email');
  });

  const notIds: readonly unknown[] = [
    ...[undefined, null, true, '', [], ['ann'], { id: 'ann' }, { toString: 'ann' }, 5.5, -1, 2 ** 53],
  ];
  it.each(notIds.map((id) => ({ id })))('is sent to no user if the id is $id', ({ id }) => {
    for (const userId of ['ann', 'null', 'undefined', 'true', '', '5.5', '-1', String(2 ** 53), '[object Object]']) {
      const { data, named } = seen(Account, { ...account, id }, userId);
      expect(data).not.toHaveProperty('email');
      expect(named).toEqual([]);
    }
  });

  it('names no user by a property of the prototype', () => {
    for (const inherited of [{ id: 'ann' }, Object.create({ id: 'ann' }) as object]) {
      const data: object = Object.assign(Object.create(inherited) as object, { email: 'e' });
      const fields = FieldGroups.of(Account)!;
      expect([...fields.narrow(data, fields.viewOf([], [], 'ann'))]).toEqual([]);
      expect(Object.keys(data)).toEqual([]);
    }
    const hostile: unknown = JSON.parse('{"__proto__":{"id":"ann"},"email":"e","constructor":"ann","toString":"ann"}');
    expect(seen(Account, hostile, 'ann').data).not.toHaveProperty('email');
  });

  it('is sent to each user that one of its properties names, under either key of a renamed property', () => {
    const team = { ownerId: 'ann', buyer_id: 'ben', price: 5 };
    expect(seen(Team, team, 'ann')).toEqual({ data: { buyer_id: 'ben', price: 5 }, named: ['ann', 'ben'] });
    expect(seen(Team, team, 'ben').data).toHaveProperty('price');
    expect(seen(Team, { buyerId: 'ben', price: 5 }, 'ben').data).toHaveProperty('price');
    expect(seen(Team, team, 'eve', ['admin']).data).not.toHaveProperty('price'); // it is for these users only
  });

  it('is sent to no user if a renamed property is present under both keys with different values', () => {
    const team = { buyer_id: 'ben', buyerId: 'eve', price: 5 };
    for (const id of ['ben', 'eve'])
      expect(seen(Team, team, id)).toEqual({ data: { buyer_id: 'ben', buyerId: 'eve' }, named: [] });
  });

  it('is decided by the object that contains it, also in lists and maps', () => {
    const members = [account, { id: 'ben', email: 'ben@example.com' }, 'text', null];
    expect(seen(Team, { id: 'ben', members }, 'ben')).toEqual({
      data: { id: 'ben', members: [{ id: 'ann' }, members[1], 'text', null] },
      named: ['ann', 'ben'],
    });
    expect(seen(Team, { byName: { ben: account } }, 'ben').data).toEqual({ byName: { ben: { id: 'ann' } } });
    expect(seen(Team, [[account]], 'ann').data).toEqual([[account]]); // Team only restricts its own fields
    expect(seen(Account, [[account]], 'ann').data).toEqual([[{ id: 'ann', email: account.email }]]);
  });

  it('is hidden inside an object that the user does not receive, and shown inside one that the user receives', () => {
    expect(seen(Team, { auditor: account }, 'ann')).toEqual({ data: {}, named: [] });
    expect(seen(Team, { ownerId: 'ann', auditor: { ...account, id: 'eve' } }, 'ann').data).toEqual({
      auditor: { id: 'eve' },
    });
    expect(seen(Team, { ownerId: 'ann', auditor: account }, 'ann').data).toEqual({
      auditor: { id: 'ann', email: account.email },
    });
  });

  it('is inherited, and the decorator of the nearest class applies', () => {
    class Child extends Account {}
    expect(seen(Child, account, 'ann').data).toHaveProperty('email');
    const person = { ...account, guardianId: 'gus' };
    expect(seen(Person, person, 'gus').data).toHaveProperty('email');
    expect(seen(Person, person, 'ann').data).not.toHaveProperty('email');
  });

  it('is sent to no user if the class excludes it; on a class that excludes all fields, the decorator exposes it', () => {
    class Hiding {
      @IsString()
      id!: string;
      @Exclude()
      @ExposeToUser('id')
      secret?: string;
    }
    @Exclude()
    class Closed {
      @Expose()
      id!: string;
      @ExposeToUser('id')
      secret?: string;
    }
    const data = { id: 'ann', secret: 's' };
    expect(seen(Hiding, data, 'ann')).toEqual({ data: { id: 'ann' }, named: [] });
    expect(seen(Closed, data, 'ann').data).toEqual(data);
    expect(seen(Closed, data, 'ben').data).toEqual({ id: 'ann' });
  });

  it('can also be granted by name', () => {
    const fields = FieldGroups.of(Team)!;
    const data = { ownerId: 'ann', price: 5 };
    fields.narrow(data, fields.viewOf([], ['price']));
    expect(data).toEqual({ price: 5 });
  });

  it('needs no separate view for a user who receives it by group, or if no field is for users', () => {
    expect(FieldGroups.of(Account)!.viewOf(['admin'], [], 'ann').userId).toBeNull();
    expect(FieldGroups.of(Account)!.viewOf([], [], 'ann').userId).toBe('ann');
    expect(FieldGroups.of(Account)!.viewOf([], [], null)).toEqual(NO_GROUPS);
    class Plain {
      @Expose({ groups: ['admin'] })
      cost?: number;
    }
    expect(FieldGroups.of(Plain)!.viewOf([], [], 'ann').userId).toBeNull();
  });

  it('does not name a user to whom the event shows nothing more', () => {
    expect(seen(Account, { id: 'ann', notes: 'x' }, null).named).toEqual([]);
  });

  it('is sent only to its groups if an event names too many users', () => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `u${index}`, email: 'e' }));
    const fields = FieldGroups.of(Account)!;
    expect(seen(Account, list(MAX_NAMED_USERS), null).named).toHaveLength(MAX_NAMED_USERS);
    expect(seen(Account, list(MAX_NAMED_USERS + 1), null).named).toEqual([]);
    expect([MAX_NAMED_USERS, MAX_NAMED_USERS + 1].map((count) => fields.namesTooMany(list(count)))).toEqual([
      false,
      true,
    ]);
  });

  it('throws with the location if it names an undeclared property', () => {
    class Typo {
      ID!: string;
      @ExposeToUser('ID')
      email?: string;
    }
    expect(() => FieldGroups.of(Typo)).toThrow(
      "Typo.email: @ExposeToUser('ID') names a property that has no decorator",
    );
  });

  it('is never sent to a user that is not named next to it, with any data', () => {
    const id = fc.oneof(fc.constantFrom('ann', 'ben', 5, '5', null, ''), fc.string());
    const one = fc.record({ id, email: fc.string() }, { requiredKeys: [] }).map(({ id: owner, email }) => ({
      ...(owner !== undefined && { id: owner }),
      ...(email !== undefined && { email: `of ${String(owner)}` }),
    }));
    const property = fc.property(
      fc.array(one, { maxLength: 8 }),
      fc.constantFrom('ann', 'ben', '5', 'null', ''),
      (list, user) => {
        const { data } = seen(Account, list, user);
        const emails = (data as { email?: string }[]).flatMap(({ email }) => email ?? []);
        expect(emails.every((email) => email === `of ${user}`)).toBe(true);
        const own = list.filter(
          (entry) => String(entry.id) === user && user !== 'null' && user !== '' && 'email' in entry,
        );
        expect(emails).toHaveLength(own.length);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
