import { Expose, Type } from 'class-transformer';
import { IsArray, IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { DeclaredFields } from './declared-fields.js';

class Owner {
  @IsString()
  name!: string;
}

class Cat {
  @IsString()
  meow!: string;
}

class Dog {
  @IsString()
  bark!: string;
}

class Project extends Owner {
  @Expose({ name: 'title' })
  label!: string;

  @ValidateNested()
  owner!: Owner;

  @Type(() => Owner)
  members!: Owner[];

  @IsObject()
  settings!: Record<string, unknown>;

  @IsArray()
  tags!: unknown[];

  @IsOptional()
  @Type(() => Owner, {
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'cat', value: Cat },
        { name: 'dog', value: Dog },
      ],
    },
  })
  pet?: Cat | Dog;

  undeclared!: string;
}

/** Its name is that of a built-in class, which says nothing of what is inside. */
class NamedLikeABuiltIn {
  @IsString()
  area!: string;
}
Object.defineProperty(NamedLikeABuiltIn, 'name', { value: 'Map' });

class Place {
  @Type(() => NamedLikeABuiltIn)
  map!: NamedLikeABuiltIn;
}

describe('DeclaredFields', () => {
  it('looks into a class of the application that has the name of a built-in one', () => {
    const data = { map: { area: 'a', secret: 'x' } };
    DeclaredFields.of(Place).strip(data);
    expect(data).toEqual({ map: { area: 'a' } });
  });

  const declared = DeclaredFields.of(Project);
  const stripped = (data: unknown): unknown => {
    declared.strip(data);
    return data;
  };

  it('keeps decorated fields, inherited and renamed ones included, and nothing else', () => {
    const data = JSON.parse(
      '{"name":"n","title":"t","label":"l","undeclared":"x","password":"x","__proto__":{"a":1}}',
    ) as object;
    const kept = stripped(data) as object;
    expect(Object.keys(kept).sort()).toEqual(['label', 'name', 'title']);
  });

  it('looks into nested classes and lists of them', () => {
    expect(stripped({ owner: { name: 'n', hash: 'x' }, members: [{ name: 'm', hash: 'x' }] })).toEqual({
      owner: { name: 'n' },
      members: [{ name: 'm' }],
    });
    expect(stripped([{ name: 'n', hash: 'x' }])).toEqual([{ name: 'n' }]);
  });

  it('leaves what a field of an open type holds', () => {
    const data = { settings: { theme: { dark: true } }, tags: [{ any: 1 }] };
    expect(stripped(structuredClone(data))).toEqual(data);
  });

  it('goes by the class that the value names; without one only what all declare is left', () => {
    expect(stripped({ pet: { kind: 'cat', meow: 'm', bark: 'b' } })).toEqual({ pet: { kind: 'cat', meow: 'm' } });
    expect(stripped({ pet: { meow: 'm', bark: 'b', name: 'n' } })).toEqual({ pet: {} });
  });
});
