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

/** A class with the name of a built-in class, whose contents are unknown. */
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
  it('strips an application class that has the name of a built-in class', () => {
    const data = { map: { area: 'a', secret: 'x' } };
    DeclaredFields.of(Place).strip(data);
    expect(data).toEqual({ map: { area: 'a' } });
  });

  const declared = DeclaredFields.of(Project);
  const stripped = (data: unknown): unknown => {
    declared.strip(data);
    return data;
  };

  it('keeps only decorated fields, including inherited and renamed ones', () => {
    const data = JSON.parse(
      '{"name":"n","title":"t","label":"l","undeclared":"x","password":"x","__proto__":{"a":1}}',
    ) as object;
    const kept = stripped(data) as object;
    expect(Object.keys(kept).sort()).toEqual(['label', 'name', 'title']);
  });

  it('strips nested classes, and lists of them', () => {
    expect(stripped({ owner: { name: 'n', hash: 'x' }, members: [{ name: 'm', hash: 'x' }] })).toEqual({
      owner: { name: 'n' },
      members: [{ name: 'm' }],
    });
    expect(stripped([{ name: 'n', hash: 'x' }])).toEqual([{ name: 'n' }]);
  });

  it('keeps everything in a field of an open type', () => {
    const data = { settings: { theme: { dark: true } }, tags: [{ any: 1 }] };
    expect(stripped(structuredClone(data))).toEqual(data);
  });

  it('uses the class named by the discriminator; without one, keeps only fields that all classes declare', () => {
    expect(stripped({ pet: { kind: 'cat', meow: 'm', bark: 'b' } })).toEqual({ pet: { kind: 'cat', meow: 'm' } });
    expect(stripped({ pet: { meow: 'm', bark: 'b', name: 'n' } })).toEqual({ pet: {} });
  });
});
