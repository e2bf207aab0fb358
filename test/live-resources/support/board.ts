import { Exclude, Expose, Type } from 'class-transformer';
import { IsString, ValidateNested } from 'class-validator';
import { LiveResource, type LoadsState, type StateContext } from '../../../src/realtime/index.js';

export class CardDto {
  @IsString()
  title!: string;

  @Expose({ groups: ['admin'] })
  salary?: number;

  @Exclude()
  hash?: string;
}

export class BoardDto {
  @IsString()
  name!: string;

  @ValidateNested()
  @Type(() => CardDto)
  cards!: Map<string, CardDto>;

  @Expose({ groups: ['admin'] })
  budget?: { limit: number };
}

type Load = (context: StateContext) => unknown;

/** The database: a state by channel, and the loads that were made. */
export class Database {
  readonly states = new Map<string, unknown>();
  readonly loads: string[] = [];
  load: Load = ({ channel }) => this.states.get(channel) ?? { name: 'new', cards: {} };

  take(context: StateContext): Promise<unknown> {
    this.loads.push(context.channel);
    return Promise.resolve(this.load(context));
  }
}

/** Returns a class of a live resource, which reads the database of the test. */
export function boardsOf(
  database: Database,
  limits: { loadTimeoutMs?: number; maxBytes?: number; ttlMs?: number } = {},
) {
  @LiveResource('projects:{projectId}:board', {
    ...{ data: BoardDto, access: 'public', history: { size: 40 } },
    ...limits,
  })
  class Boards implements LoadsState<BoardDto> {
    load(context: StateContext): Promise<BoardDto> {
      return database.take(context) as Promise<BoardDto>;
    }
  }
  return Boards;
}

class NoteDto {
  @IsString()
  name!: string;
}

/** Returns a class of a live resource without restricted fields. */
export function notesOf(database: Database) {
  @LiveResource('notes:{noteId}', { data: NoteDto, access: 'public', history: { size: 40 } })
  class Notes implements LoadsState<NoteDto> {
    load(context: StateContext): Promise<NoteDto> {
      return database.take(context) as Promise<NoteDto>;
    }
  }
  return Notes;
}
