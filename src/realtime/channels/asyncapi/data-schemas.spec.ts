import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { dataSchemas } from './data-schemas.js';

/** Returns the class of one of two modules that each declare a class named `Member`. */
function classesOf(module: 'rooms' | 'projects') {
  if (module === 'rooms') {
    class Member {
      @IsInt()
      seat!: number;
    }
    class RoomJoined {
      @ValidateNested()
      @Type(() => Member)
      member!: Member;
    }
    return RoomJoined;
  }
  class Member {
    @IsString()
    name!: string;
  }
  class ProjectJoined {
    @ValidateNested()
    @Type(() => Member)
    member!: Member;
  }
  return ProjectJoined;
}

describe('dataSchemas', () => {
  it('resolves a nested class by its constructor, even if another module has a class with the same name', () => {
    classesOf('rooms');
    expect(dataSchemas([classesOf('projects')])).toEqual({
      ProjectJoined: {
        type: 'object',
        properties: { member: { $ref: '#/components/schemas/Member' } },
        required: ['member'],
      },
      Member: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    });
  });

  it('describes a map as an object of its entries, with or without `each`', () => {
    class Card {
      @IsString()
      title!: string;
    }
    class Board {
      @ValidateNested()
      @Type(() => Card)
      cards!: Map<string, Card>;

      @ValidateNested({ each: true })
      @Type(() => Card)
      archived!: Map<string, Card>;

      @ValidateNested({ each: true })
      @Type(() => Card)
      latest!: Card[];
    }
    const entry = { $ref: '#/components/schemas/Card' };
    expect(dataSchemas([Board])['Board']).toMatchObject({
      properties: {
        cards: { type: 'object', additionalProperties: entry },
        archived: { type: 'object', additionalProperties: entry },
        latest: { type: 'array', items: entry },
      },
    });
  });
});
