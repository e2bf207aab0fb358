import { Command, Input, LiveResource, RealtimeCommands, type LoadsState } from '../../../src/realtime/index.js';
import { IsObject, IsString } from 'class-validator';

class BoardDto {
  @IsObject()
  cards!: Record<string, string>;
}

/** Live resources of the pages: `boards:{id}` for all users, `vaults:{id}` for those with the role `owner`. */
@LiveResource('boards:{id}', { data: BoardDto, access: 'authenticated', history: { size: 40 } })
class Boards implements LoadsState<BoardDto> {
  load(): Promise<BoardDto> {
    return Promise.resolve({ cards: { a: 'first' } });
  }
}

@LiveResource('vaults:{id}', { data: BoardDto, access: { roles: ['owner'] }, history: { size: 40 } })
class Vaults implements LoadsState<BoardDto> {
  load(): Promise<BoardDto> {
    return Promise.resolve({ cards: { a: 'secret' } });
  }
}

class NameDto {
  @IsString()
  name!: string;
}

@RealtimeCommands()
class Names {
  /** Answers of calls that wait, by name. */
  static readonly waiting = new Map<string, () => void>();

  @Command('names.check', { input: NameDto })
  async check(@Input() { name }: NameDto): Promise<string> {
    if (name === 'wait') await new Promise<void>((resolve) => Names.waiting.set(name, resolve));
    if (name === 'bad') throw new Error('refused on purpose');
    return `${name} is fine`;
  }
}

/** Ends a call of `names.check` that waits. */
export function answerNames(): void {
  for (const resolve of Names.waiting.values()) resolve();
}

export const CONTENT_PROVIDERS = [Boards, Vaults, Names];

export const CONTENT_CHANNELS = [
  { name: 'logs:{id}', access: 'authenticated', stream: { cancel: { roles: ['owner'] } } },
] as const;
