import { Parser } from '@asyncapi/parser';
import { Exclude, Expose, Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import {
  ChannelPolicy,
  ExposeToUser,
  RealtimeAsyncApi,
  RealtimeModule,
  type CanSubscribe,
} from '../../src/realtime/index.js';
import { readContract } from '../../src/asyncapi-tools/contract.js';
import { signToken } from '../support/jwt.js';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { RealtimeApp } from './support/realtime-app.js';

class Member {
  @IsString()
  name!: string;

  @IsString()
  @Expose({ groups: ['admin'] })
  @ExposeToUser('name')
  email!: string;

  @IsString()
  @ExposeToUser('name')
  phone!: string;
}

class ProjectUpdated {
  @IsInt()
  @Min(1)
  id!: number;

  @IsInt()
  @Expose({ groups: ['billing'] })
  budget!: number;

  @IsString()
  @Exclude()
  internal!: string;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Member)
  members?: Member[];
}

@Exclude()
class Cursor {
  @IsInt()
  @Expose()
  x!: number;

  @IsString()
  session!: string; // no client receives it: it is not exposed
}

@ChannelPolicy('projects:{projectId}:*')
class ProjectPolicy implements CanSubscribe {
  canSubscribe = (): boolean => false;
}

class Rename {
  @IsString()
  name!: string;
}

@WebSocketGateway({ path: '/ws' })
class Messages {
  @SubscribeMessage('project:rename')
  rename(@MessageBody() _body: Rename): string {
    return '';
  }

  @SubscribeMessage('greet')
  greet(_client: unknown, _name: string): void {}

  @SubscribeMessage('sketch')
  sketch(_client: unknown, _anything: { x: number }): void {}

  @SubscribeMessage('ping')
  neverCalled(): void {}
}

interface Described {
  readonly address: string;
  readonly description: string;
  readonly parameters?: object;
}

/** Diagnostics that make a document invalid, without the parser's hints. */
function errorsOf(diagnostics: readonly { readonly severity: number }[]): object[] {
  return diagnostics.filter(({ severity }) => severity === 0);
}

describe('the AsyncAPI document of an application', () => {
  let app: RealtimeApp;
  let text: string;

  beforeAll(async () => {
    const feature = RealtimeModule.forFeature([
      { name: 'projects:{projectId}:updated', data: ProjectUpdated },
      { name: 'projects:{projectId}:cursor', history: false, data: Cursor },
      { name: 'projects.all:x', access: { roles: ['billing'] } },
      { name: 'projects:all_x', access: { roles: ['sales'] } },
      { name: 'orders:{userId}:status', access: { owner: 'userId' } },
    ]);
    app = await RealtimeApp.start({ operatorApi: true }, { imports: [feature], providers: [ProjectPolicy, Messages] });
    const Authorization = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
    const response = await fetch(`${app.http}/realtime/asyncapi.json`, { headers: { Authorization } });
    text = await response.text();
  });
  afterAll(() => app.close());

  it('is valid for the AsyncAPI parser, and has every channel', async () => {
    const { document, diagnostics } = await new Parser().parse(text);
    expect(errorsOf(diagnostics)).toEqual([]);
    const addresses = document!
      .channels()
      .all()
      .map((channel) => channel.address());
    expect(addresses).toEqual(
      expect.arrayContaining(['announcements', 'user:{userId}', 'apps:created', 'projects:{projectId}:updated']),
    );
    expect(document!.operations().all()).toHaveLength(addresses.length - 1 + 3); // one channel has three messages
    const server = document!.servers().all()[0]!;
    expect([server.host(), server.protocol(), server.pathname()]).toEqual([`127.0.0.1:${app.port}`, 'ws', '/ws']);
  });

  it('gives frames and built-in data titles, from which generators of types make names', () => {
    interface Message {
      readonly payload: { readonly title: string; readonly properties: { readonly data: { readonly title?: string } } };
    }
    const { messages } = (JSON.parse(text) as { components: { messages: Record<string, Message> } }).components;
    const titlesOf = (id: string): unknown => {
      const { title, properties } = messages[id]!.payload;
      return [title, properties.data.title];
    };
    expect(titlesOf('apps_created')).toEqual(['AppsCreatedFrame', 'AppsCreated']);
    expect(titlesOf('projects_projectId_updated')).toEqual(['ProjectsProjectIdUpdatedFrame', undefined]); // a class has its name
  });

  it('would be invalid with a channel parameter that is not in the address', async () => {
    const { channels, ...rest } = JSON.parse(text) as { channels: Record<string, Described> };
    const wrong = { ...channels['apps_created']!, parameters: { nothing: {} } };
    const { diagnostics } = await new Parser().parse(
      JSON.stringify({ ...rest, channels: { ...channels, apps_created: wrong } }),
    );
    expect(errorsOf(diagnostics)).not.toEqual([]);
  });

  it('describes the data of an event and who can use the channel', () => {
    const { channels, operations, components } = JSON.parse(text) as {
      channels: Record<string, Described>;
      operations: Record<string, { action: string; security?: unknown }>;
      components: {
        messages: Record<string, { payload: { required: string[]; properties: object } }>;
        schemas: object;
      };
    };
    expect(components.schemas).toEqual({
      ProjectUpdated: {
        type: 'object',
        properties: {
          id: { type: 'integer', minimum: 1 },
          budget: { type: 'integer', 'x-groups': ['billing'] }, // not required: other roles do not receive it
          members: { type: 'array', items: { $ref: '#/components/schemas/Member' } },
        },
        required: ['id'],
      },
      Cursor: { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
      Rename: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
      Member: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          email: { type: 'string', 'x-groups': ['admin'], 'x-users': ['name'] },
          phone: { type: 'string', 'x-groups': [], 'x-users': ['name'] },
        },
        required: ['name'],
      },
    });
    const { payload } = components.messages['projects_projectId_updated']!;
    expect(payload.properties).toMatchObject({ data: { $ref: '#/components/schemas/ProjectUpdated' }, id: {} });
    const builtin = { type: 'object', properties: { id: { type: 'string' }, name: { type: 'string' } } };
    expect(components.messages['apps_created']!.payload.properties).toMatchObject({ data: builtin });
    expect(components.messages['user_userId']!.payload.properties).toMatchObject({ data: { description: 'Any JSON' } });
    expect(components.messages['projects_projectId_cursor']!.payload.required).not.toContain('id');
    expect(operations['send_announcements']).not.toHaveProperty('security');
    expect(operations['send_apps_created']).toMatchObject({ action: 'send', security: [expect.anything()] });
    const described = new Map(Object.values(channels).map(({ address, description }) => [address, description]));
    expect(described.get('projects:{projectId}:updated')).toBe('For users that the policy ProjectPolicy allows.');
    expect(described.get('projects.all:x')).toBe('For the roles billing, and administrators.');
    expect(described.get('projects:all_x')).toBe('For the roles sales, and administrators.');
    expect(described.get('orders:{userId}:status')).toBe('For the user whose id is userId, and administrators.');
  });

  it('describes the message types of the application on its path', () => {
    const { channels, operations, components } = JSON.parse(text) as {
      channels: Record<string, Described & { messages: object }>;
      operations: Record<string, { action: string }>;
      components: { messages: Record<string, { name: string; payload: { properties: { data: object } } }> };
    };
    const own = Object.entries(components.messages).filter(([id]) => id.startsWith('message_'));
    expect(own.map(([id, { name, payload }]) => [id, name, payload.properties.data])).toEqual([
      ['message_greet', 'greet', { type: 'string' }],
      ['message_greet_reply', 'greet', { description: 'Any JSON' }],
      ['message_project_rename', 'project:rename', { $ref: '#/components/schemas/Rename' }],
      ['message_project_rename_reply', 'project:rename', { description: 'Any JSON' }],
      ['message_sketch', 'sketch', { description: 'Any JSON' }],
      ['message_sketch_reply', 'sketch', { description: 'Any JSON' }],
    ]);
    expect(channels['messages']).toMatchObject({ address: null, 'x-realtime': { messages: true } });
    expect(Object.keys(channels['messages']!.messages)).toEqual(own.map(([id]) => id));
    expect(operations['receive_message_greet']).toMatchObject({ action: 'receive', reply: { messages: [{}] } });
    expect(readContract(text).channels.map(({ address }) => address)).not.toContain(null);
  });

  it('is the same when the application builds it without a request', () => {
    const document = app.app.get(RealtimeAsyncApi).document({ host: `127.0.0.1:${app.port}`, protocol: 'ws' });
    expect(JSON.parse(JSON.stringify(document))).toEqual(JSON.parse(text));
  });
});
