import { Exclude, Expose, Type } from 'class-transformer';
import { IsString, ValidateNested } from 'class-validator';
import fc from 'fast-check';
import { FieldGroups } from './field-groups.js';

class Contact {
  @IsString()
  name!: string;

  @Expose({ groups: ['members'] })
  phone?: string;

  @Exclude()
  note?: string;
}

class Base {
  @Expose({ groups: ['admin'] })
  cost?: number;
}

class Invoice extends Base {
  id!: string;

  @Expose({ groups: ['admin', 'billing'], name: 'grand_total' })
  total?: number;

  @Type(() => Contact)
  contacts?: Contact[];

  @ValidateNested()
  owner?: Contact;

  @Type(() => Invoice)
  parts?: Invoice[];
}

/** No client receives fields that are not exposed. */
@Exclude()
class Closed {
  @Expose()
  id!: string;

  @Expose({ groups: ['admin'] })
  secret?: string;

  @Expose({ toClassOnly: true })
  incoming?: string;

  other?: string;
}

class Shape {
  kind!: string;
}
class Circle extends Shape {
  @Expose({ groups: ['admin'] })
  radius?: number;
}
class Square extends Shape {
  @Expose({ groups: ['members'] })
  side?: number;
}
const BY_NAME = { circle: Circle, square: Square };
class Drawing {
  @Type(() => Shape, {
    discriminator: {
      property: 'kind',
      subTypes: Object.entries(BY_NAME).map(([name, value]) => ({ name, value })),
    },
  })
  shapes!: Shape[];
}

class Directory {
  @Type(() => Contact)
  byName!: Map<string, Contact>;
}

class Open {
  @IsString()
  @Expose()
  name!: string;

  @Type(() => Date)
  at?: Date;
}

function seen(type: new () => object, data: unknown, ...groups: string[]): unknown {
  return granted(type, data, [], groups);
}

function granted(
  type: new () => object,
  data: unknown,
  names: readonly string[],
  groups: readonly string[] = [],
): unknown {
  const fields = FieldGroups.of(type)!;
  const copy: unknown = JSON.parse(JSON.stringify(data));
  fields.narrow(copy, fields.viewOf(groups, names));
  return copy;
}

describe('the fields of a view', () => {
  const invoice = {
    id: '1',
    cost: 3,
    total: 5,
    grand_total: 5,
    contacts: [{ name: 'Ann', phone: '1', note: 'x' }, null, 'text'],
    owner: { name: 'Bob', phone: '2', note: 'x' },
    parts: [{ id: '2', cost: 1, parts: [{ id: '3', cost: 1 }] }],
    unknown: { cost: 1 },
  };
  const bare = {
    id: '1',
    contacts: [{ name: 'Ann' }, null, 'text'],
    owner: { name: 'Bob' },
    parts: [{ id: '2', parts: [{ id: '3' }] }],
    unknown: { cost: 1 },
  };

  it('without groups are the unrestricted fields, at any depth', () => {
    expect(seen(Invoice, invoice)).toEqual(bare);
    expect(seen(Invoice, invoice, 'user', 'Admin', '')).toEqual(bare);
    expect(seen(Invoice, [invoice])).toEqual([bare]);
  });

  it('include the fields of its groups, under either name of a renamed field', () => {
    expect(seen(Invoice, invoice, 'billing')).toEqual({ ...bare, total: 5, grand_total: 5 });
    const contacts = [{ name: 'Ann', phone: '1' }, null, 'text'];
    expect(seen(Invoice, invoice, 'members')).toEqual({ ...bare, contacts, owner: { name: 'Bob', phone: '2' } });
  });

  it('include fields that are granted by path, at that place only', () => {
    expect(granted(Invoice, invoice, ['cost'])).toEqual({ ...bare, cost: 3 });
    expect(granted(Invoice, invoice, ['total'])).toEqual({ ...bare, total: 5, grand_total: 5 });
    expect(granted(Invoice, invoice, ['owner.phone'])).toEqual({ ...bare, owner: { name: 'Bob', phone: '2' } });
    const contacts = [{ name: 'Ann', phone: '1' }, null, 'text'];
    expect(granted(Invoice, invoice, ['contacts.phone', 'cost'])).toEqual({ ...bare, contacts, cost: 3 });
    const parts = [{ id: '2', parts: [{ id: '3', cost: 1 }] }];
    expect(granted(Invoice, invoice, ['parts.parts.cost'])).toEqual({ ...bare, parts });
    expect(granted(Invoice, [invoice], ['cost'], ['members', 'billing'])).toEqual([
      { ...(seen(Invoice, invoice, 'members', 'billing') as object), cost: 3 },
    ]);
    expect(granted(Closed, { id: '1', secret: 's' }, ['secret'])).toEqual({ id: '1', secret: 's' });
    expect(granted(Directory, { byName: { ann: { phone: '1', note: 'x' } } }, ['byName.phone'])).toEqual({
      byName: { ann: { phone: '1' } },
    });
    const shapes = ['circle', 'square', 'other'].map((kind) => ({ kind, radius: 1, side: 1 }));
    expect(granted(Drawing, { shapes }, ['shapes.radius'])).toEqual({
      shapes: [
        { kind: 'circle', radius: 1, side: 1 },
        { kind: 'square', radius: 1 },
        { kind: 'other', radius: 1 },
      ],
    });
  });

  it.each([
    ...['note', 'contacts.note', 'owner.note', 'contacts', 'contacts.', '.phone', 'phone', 'contacts.phone.x', 'Cost'],
    ...['', '.', 'unknown', 'unknown.cost', 'id', '__proto__', 'constructor', 'toString'],
  ])('are not extended by granting %p, which names no restricted field', (name) => {
    expect(granted(Invoice, invoice, [name])).toEqual(bare);
    const fields = FieldGroups.of(Invoice)!;
    expect(fields.viewOf([], [name])).toEqual(fields.viewOf([]));
  });

  it('do not include a granted field inside a field that is hidden', () => {
    class Safe {
      @Type(() => Contact)
      @Expose({ groups: ['admin'] })
      contact?: Contact;
      @Expose({ groups: ['members'] })
      label?: string;
    }
    const data = { contact: { name: 'Ann', phone: '1' }, label: 'l' };
    expect(granted(Safe, data, ['contact.phone'])).toEqual({});
    expect(granted(Safe, data, ['contact'])).toEqual({ contact: { name: 'Ann' } });
    expect(granted(Safe, data, ['contact', 'contact.phone'])).toEqual({ contact: { name: 'Ann', phone: '1' } });
    expect(granted(Safe, data, ['contact.phone'], ['admin'])).toEqual({ contact: { name: 'Ann', phone: '1' } });
  });

  it('never include an excluded field', () => {
    expect(JSON.stringify(seen(Invoice, invoice, 'admin', 'members', 'billing'))).not.toContain('note');
  });

  it('are the exposed ones if the class is excluded', () => {
    const data = { id: '1', secret: 's', incoming: 'i', other: 'o', unknown: 'u' };
    expect(seen(Closed, data)).toEqual({ id: '1' });
    expect(seen(Closed, data, 'admin')).toEqual({ id: '1', secret: 's' });
  });

  it('are filtered in each entry of a map, with any keys', () => {
    const byName = { ann: { name: 'Ann', phone: '1' }, name: [{ name: 'Bob', note: 'x' }], phone: { phone: '3' } };
    expect(seen(Directory, { byName })).toEqual({
      byName: { ann: { name: 'Ann' }, name: [{ name: 'Bob' }], phone: {} },
    });
  });

  it('follow the class named by the discriminator; without one, the rules of all classes apply', () => {
    const shapes = [
      { kind: 'circle', radius: 1, side: 1 },
      { kind: 'square', radius: 1, side: 1 },
      { kind: 'toString', radius: 1, side: 1 },
      { radius: 1, side: 1 },
    ];
    expect(seen(Drawing, { shapes }, 'admin')).toEqual({
      shapes: [
        { kind: 'circle', radius: 1, side: 1 },
        { kind: 'square', radius: 1 },
        { kind: 'toString', radius: 1 },
        { radius: 1 },
      ],
    });
  });

  it('are filtered with any keys in the data', () => {
    const data: unknown = JSON.parse('{"id":"1","cost":1,"__proto__":{"cost":1},"constructor":1,"0":1}');
    const copy: unknown = JSON.parse(JSON.stringify(data));
    const fields = FieldGroups.of(Invoice)!;
    fields.narrow(copy, fields.viewOf([]));
    expect(JSON.stringify(copy)).toBe('{"0":1,"id":"1","__proto__":{"cost":1},"constructor":1}');
  });

  it('are not filtered if a class has no restricted fields', () => {
    expect(FieldGroups.of(Open)).toBeNull();
  });

  it('are the same view for all clients that receive the same fields', () => {
    const fields = FieldGroups.of(Invoice)!;
    expect(fields.viewOf(['billing', 'user', 'admin'])).toEqual(fields.viewOf(['admin', 'billing', '"], ["members']));
    expect(fields.viewOf(['admin'], ['owner.phone', 'cost', 'nonsense', 'parts.total', 'owner.phone'])).toEqual(
      fields.viewOf(['admin'], ['owner.phone']),
    );
    expect(fields.viewOf([], ['cost', 'contacts.phone'])).toEqual(fields.viewOf([], ['contacts.phone', 'cost']));
    expect(fields.isWhole(fields.viewOf(fields.groups))).toBe(false); // no client receives notes
    const shape = FieldGroups.of(Circle)!;
    expect([shape.isWhole(shape.viewOf(['admin'])), shape.isWhole(shape.viewOf([]))]).toEqual([true, false]);
  });

  it('cannot be determined if a @Type reads the object or names no class: the error names the field', () => {
    class Looking {
      @Type((help) => (help!.object['kind'] === 'x' ? Contact : Open))
      inner?: object;
    }
    class Nameless {
      @Type(() => undefined as never)
      inner?: object;
    }
    class OldFashioned {
      @Type((_type) => Contact)
      inner?: object;
    }
    expect(() => FieldGroups.of(Looking)).toThrow('Looking.inner: its @Type depends on the object');
    expect(() => FieldGroups.of(Nameless)).toThrow('Nameless.inner: its @Type does not name a class');
    expect(seen(OldFashioned, { inner: { phone: '1' } })).toEqual({ inner: {} });
  });

  it('never include a field of another group, with any data', () => {
    const leaf = fc.record({ name: fc.string(), phone: fc.constant('of members'), note: fc.constant('of nobody') });
    const data = fc.letrec((tie) => ({
      invoice: fc.record(
        {
          id: fc.string(),
          cost: fc.constant('of admin'),
          total: fc.constant('of admin or billing'),
          grand_total: fc.constant('of admin or billing'),
          contacts: fc.oneof(fc.array(leaf), fc.array(fc.array(leaf)), leaf),
          owner: fc.oneof(leaf, fc.array(leaf)),
          parts: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('invoice'), { maxLength: 2 })),
        },
        { requiredKeys: [] },
      ),
    })).invoice;
    const groups = fc.subarray(['admin', 'billing', 'members', 'user']);
    const property = fc.property(data, groups, (event, own) => {
      const text = JSON.stringify(seen(Invoice, event, ...own));
      const may = (...names: string[]) => names.some((name) => own.includes(name));
      if (!may('admin')) expect(text).not.toContain('"of admin"');
      if (!may('admin', 'billing')) expect(text).not.toContain('"of admin or billing"');
      if (!may('members')) expect(text).not.toContain('"of members"');
      expect(text).not.toContain('"of nobody"');
      // Fields of its own groups are present.
      const count = (word: string, where: string) => where.split(word).length;
      for (const name of own) {
        const word = `"of ${name}"`;
        if (name !== 'user') expect(count(word, text)).toBe(count(word, JSON.stringify(event)));
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
