import { Exclude, Expose, Type } from 'class-transformer';
import { IsString, ValidateNested } from 'class-validator';
import { allRules, classRules, ClassRulesError } from './class-rules.js';
import { ExposeToUser } from './expose-to-user.js';

class Address {
  @IsString()
  city!: string;
}

class Card {
  @IsString()
  kind!: string;
}

class Gold extends Card {
  @Expose({ groups: ['vip'] })
  limit!: number;
}

describe('the rules of a class', () => {
  class Person {
    @IsString()
    id!: string;
    @Expose({ groups: ['hr'] })
    salary!: number;
    @Exclude()
    secret!: string;
    @Exclude({ toClassOnly: true })
    readOnly!: string;
    @Expose({ name: 'mail', groups: ['hr'] })
    @ExposeToUser('id')
    email!: string;
    @ExposeToUser('id')
    pin!: string;
    @Type(() => Address)
    home!: Address;
    @Type(() => Address)
    others!: Map<string, Address>;
    @ValidateNested()
    work!: Address;
    plain!: string;
  }
  const rules = classRules(Person);
  const ruleOf = (key: string): unknown => rules.fields.get(key);

  it('say who receives a field', () => {
    expect([rules.name, rules.exposedOnly]).toEqual(['Person', false]);
    expect(ruleOf('id')).toMatchObject([{ groups: null, users: [] }]);
    expect(ruleOf('salary')).toMatchObject([{ groups: ['hr'], users: [] }]);
    expect(ruleOf('secret')).toMatchObject([{ groups: [], users: [] }]);
    expect(ruleOf('readOnly')).toMatchObject([{ groups: null, users: [] }]);
    expect(ruleOf('pin')).toMatchObject([{ groups: [], users: [['id']] }]);
    expect(ruleOf('plain')).toBeUndefined();
  });

  it('are found by the name of the property, and by the name that it is given', () => {
    const expected = [{ groups: ['hr'], users: [['id']] }];
    expect([ruleOf('email'), ruleOf('mail')]).toMatchObject([expected, expected]);
  });

  it('contain those of nested classes, in lists and maps too', () => {
    const nested = (key: string): unknown => rules.fields.get(key)?.[0]?.nested;
    expect(nested('home')).toMatchObject({ isMap: false, base: { name: 'Address' }, subTypes: null });
    expect(nested('others')).toMatchObject({ isMap: true, base: { name: 'Address' } });
    expect(nested('work')).toMatchObject({ isMap: false, base: { name: 'Address' } });
    expect([...allRules(rules)].map(({ name }) => name)).toEqual(expect.arrayContaining(['Person', 'Address']));
  });

  it('of a class that contains itself end', () => {
    class Tree {
      @Type(() => Tree)
      children!: Tree[];
    }
    const tree = classRules(Tree);
    expect(tree.fields.get('children')?.[0]?.nested?.base).toBe(tree);
    expect(allRules(tree).size).toBe(1);
  });

  it('with a discriminator contain every class', () => {
    class Wallet {
      @Type(() => Card, { discriminator: { property: 'kind', subTypes: [{ name: 'gold', value: Gold }] } })
      card!: Card;
    }
    const wallet = classRules(Wallet);
    const { subTypes } = wallet.fields.get('card')?.[0]?.nested ?? {};
    expect(subTypes?.property).toBe('kind');
    expect(subTypes?.byName.get('gold')?.fields.get('limit')).toMatchObject([{ groups: ['vip'] }]);
    expect(subTypes?.byName.get('gold')?.fields.has('kind')).toBe(true);
    expect([...allRules(wallet)].map(({ name }) => name)).toEqual(expect.arrayContaining(['Wallet', 'Card', 'Gold']));
  });

  it('of a class with @Exclude() show only what is exposed', () => {
    @Exclude()
    class Closed {
      @Expose()
      shown!: string;
      @Expose({ toClassOnly: true })
      input!: string;
      @IsString()
      hidden!: string;
      @ExposeToUser('shown')
      pin!: string;
    }
    const closed = classRules(Closed);
    const groupsOf = (key: string): unknown => closed.fields.get(key)?.[0]?.groups;
    expect(closed.exposedOnly).toBe(true);
    expect(['shown', 'input', 'hidden', 'pin'].map(groupsOf)).toEqual([null, [], [], []]);
    expect(closed.fields.get('pin')?.[0]?.users).toEqual([['shown']]);
    expect(closed.fields.get('hidden')?.[0]?.users).toEqual([]);
  });
});

describe('a class whose rules cannot be known', () => {
  it('exposes a field to a user that no property names', () => {
    class Wrong {
      @ExposeToUser('owner')
      pin!: string;
      owner!: string;
    }
    expect(() => classRules(Wrong)).toThrow("Wrong.pin: @ExposeToUser('owner') names a property that has no decorator");
    expect(() => classRules(Wrong)).toThrow(ClassRulesError);
  });

  it.each<[string, () => unknown]>([
    [
      'reads the object',
      (help?: { object: { kind: string } }) => (help?.object.kind === 'gold' ? Gold : Card),
    ] as never,
    ['fails on the object', (help?: { object: { card: { kind: string } } }) => help?.object.card.kind] as never,
  ])('has a @Type that %s', (_what, type) => {
    class Wrong {
      @Type(type as () => typeof Card)
      card!: Card;
    }
    expect(() => classRules(Wrong)).toThrow('Wrong.card: its @Type depends on the object');
  });

  it('has a @Type that names no class, or fails', () => {
    class Nothing {
      @Type(() => undefined as never)
      card!: Card;
    }
    class Failing {
      @Type(() => {
        throw new Error('of the class');
      })
      card!: Card;
    }
    expect(() => classRules(Nothing)).toThrow('Nothing.card: its @Type does not name a class');
    expect(() => classRules(Failing)).toThrow('of the class');
  });
});
