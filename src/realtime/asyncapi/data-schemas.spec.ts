import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { dataSchemas } from './data-schemas.js';

/** As in two modules of one application. */
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
  it('takes a nested class for itself, though another module has one of the same name', () => {
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
});
