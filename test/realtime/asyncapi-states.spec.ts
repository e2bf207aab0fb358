import { Parser } from '@asyncapi/parser';
import { Expose, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import {
  LiveResource,
  RealtimeAsyncApi,
  RealtimeModule,
  type LoadsState,
  type StreamDefinition,
} from '../../src/realtime/index.js';
import { RealtimeApp } from './support/realtime-app.js';

class Card {
  @IsString()
  title!: string;

  @Expose({ groups: ['admin'] })
  @IsInt()
  cost!: number;
}

class Board {
  @ValidateNested()
  @Type(() => Card)
  cards!: Map<string, Card>;

  @IsOptional()
  @IsString()
  note?: string;
}

class Line {
  @IsString()
  message!: string;
}

class Exit {
  @IsInt()
  exitCode!: number;
}

@LiveResource('boards:{boardId}', { data: Board, access: 'authenticated' })
class Boards implements LoadsState<Board> {
  load = (): Promise<Board> => Promise.resolve(new Board());
}

interface Document {
  readonly channels: Record<string, { description: string; messages: object; 'x-realtime': object }>;
  readonly operations: Record<string, object>;
  readonly components: { readonly messages: Record<string, object>; readonly schemas: Record<string, object> };
}

/** Diagnostics that make a document invalid, without the parser's hints. */
function errorsOf(diagnostics: readonly { readonly severity: number }[]): object[] {
  return diagnostics.filter(({ severity }) => severity === 0);
}

const stream = (name: string, settings: boolean | StreamDefinition) => ({
  ...{ name, access: 'public' as const, stream: settings },
});
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const schemaOf = (properties: object) => ({ payload: { properties } });

describe('the AsyncAPI document of live resources and streams', () => {
  let text: string;
  let document: Document;

  beforeAll(async () => {
    const feature = RealtimeModule.forFeature([
      stream('logs:{id}', { result: Exit, cancel: { roles: ['ops'] } }),
      stream('rows:{id}', { lines: Line }),
      stream('any', { lines: true }),
      { name: 'boards:{boardId}:state', access: 'public' }, // its id looks like that of a message of the board
    ]);
    const app = await RealtimeApp.start({ builtInChannels: false }, { imports: [feature], providers: [Boards] });
    text = JSON.stringify(app.app.get(RealtimeAsyncApi).document());
    document = JSON.parse(text) as Document;
    await app.close();
  });

  it('is valid for the AsyncAPI parser', async () => {
    const { diagnostics } = await new Parser().parse(text);
    expect(errorsOf(diagnostics)).toEqual([]);
  });

  it('describes the state of a live resource, its patches, and how to subscribe to it', () => {
    const { channels, operations, components } = document;
    const channel = channels['boards_boardId']!;
    expect(channel.description).toBe(
      'For every client with a token. A live resource: its events are patches of a state.',
    );
    expect(channel['x-realtime']).toMatchObject({ state: true, history: { size: 100 } });
    expect(Object.keys(channel.messages)).toEqual([
      ...['state', 'statePart', 'stateError', 'event', 'subscribe', 'subscribed'],
    ]);
    expect(channel.messages).toMatchObject({ state: { $ref: '#/components/messages/boards_boardId_state_2' } });
    expect(components.messages['boards_boardId_state_2']).toMatchObject(schemaOf({ data: ref('Board'), id: {} }));
    expect(components.messages['boards_boardId_state']).toMatchObject(schemaOf({ data: { description: 'Any JSON' } }));
    expect(components.messages['boards_boardId']).toMatchObject(
      schemaOf({ data: { properties: { set: {}, remove: { items: { type: 'string' } } } } }),
    );
    expect(components.messages['boards_boardId_subscribe']).toMatchObject(schemaOf({ state: { const: true } }));
    expect(components.schemas).toMatchObject({
      Board: { properties: { cards: { type: 'object', additionalProperties: ref('Card') } }, required: ['cards'] },
      Card: { properties: { cost: { 'x-groups': ['admin'] } }, required: ['title'] },
    });
    const message = (name: string) => ({ $ref: `#/channels/boards_boardId/messages/${name}` });
    expect(operations['send_boards_boardId']).toMatchObject({
      messages: ['state', 'statePart', 'stateError', 'event'].map(message),
      security: [{}],
    });
    expect(operations['receive_boards_boardId_subscribe']).toMatchObject({
      ...{ action: 'receive', messages: [message('subscribe')], reply: { messages: [message('subscribed')] } },
      security: [{}],
    });
  });

  it('describes the parts of a stream, its result, and how to cancel it', () => {
    const { channels, operations, components } = document;
    expect(channels['logs_id']).toMatchObject({
      description: 'For everyone. A stream of text, without events.',
      'x-realtime': { history: null, stream: { lines: false, maxBytes: 1_048_576, cancel: { roles: ['ops'] } } },
    });
    expect(channels['any']).toMatchObject({ description: 'For everyone. A stream of JSON lines, without events.' });
    expect(Object.keys(channels['logs_id']!.messages)).not.toContain('event');
    expect(components.messages['logs_id_stream']).toMatchObject(
      schemaOf({ at: {}, next: {}, text: { type: 'string' }, state: {}, result: ref('Exit') }),
    );
    expect(components.messages['rows_id_stream']).toMatchObject(
      schemaOf({ items: { type: 'array', items: ref('Line') }, result: { description: 'Any JSON' } }),
    );
    expect(components.messages['any_stream']).toMatchObject(
      schemaOf({ items: { items: { description: 'Any JSON' } } }),
    );
    expect(components.schemas).toMatchObject({ Line: {}, Exit: {} });
    const message = (name: string) => ({ $ref: `#/channels/logs_id/messages/${name}` });
    expect(operations['receive_logs_id_cancel']).toMatchObject({
      ...{ action: 'receive', messages: [message('cancel')], reply: { messages: [message('cancelled')] } },
    });
    expect(operations['receive_logs_id_subscribe']).toMatchObject({ messages: [message('subscribe')] });
  });
});

describe('the classes of a stream', () => {
  it('have no fields that only some clients receive', async () => {
    const wrong = RealtimeModule.forFeature([stream('rows:{id}', { lines: Card })]);
    await expect(RealtimeApp.start({}, { imports: [wrong] })).rejects.toThrow(
      '`channels` rows:{id}: Card has fields that not all clients receive, but all readers of a stream receive the same',
    );
  });
});
