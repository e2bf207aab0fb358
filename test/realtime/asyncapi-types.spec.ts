import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { readContract } from '../../src/asyncapi-tools/contract.js';
import { eventTypes } from '../../src/asyncapi-tools/event-types.js';
import { LiveResource, RealtimeAsyncApi, RealtimeModule, type LoadsState } from '../../src/realtime/index.js';
import { compile, problemText } from '../support/compile.js';
import { RealtimeApp } from './support/realtime-app.js';

class Member {
  @IsString()
  name!: string;

  @IsIn(['owner', 'guest'])
  role!: 'owner' | 'guest';
}

class ProjectUpdated {
  @IsInt()
  id!: number;

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Member)
  members?: Member[];
}

class MemberJoined {
  @IsString()
  userId!: string;

  @IsString({ each: true })
  tags!: string[];
}

class Board {
  @ValidateNested()
  @Type(() => Member)
  members!: Map<string, Member>;

  @IsOptional()
  @IsString()
  note?: string;
}

@LiveResource('boards:{boardId}:all', { data: Board, access: 'public' })
class Boards implements LoadsState<Board> {
  load = (): Promise<Board> => Promise.resolve(new Board());
}

class Summary {
  @IsInt()
  rows!: number;
}

/** Frontend code that must compile, with the errors that are expected. */
const FRONTEND = `
import { createRealtimeClient, type PlatformEvents } from 'nestjs-realtime-client';
import type { Events, Member } from './generated-events.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

export function use(id: string): void {
  const client = createRealtimeClient<Events>({ url: '/ws' });
  client.channel(\`projects:\${id}:members:joined\`).on('event', ({ data }) => {
    same<typeof data.userId, string>(true);
    same<typeof data.tags, string[]>(true);
  });
  client.channel('teams:7:updated').on('event', ({ data }) => {
    same<typeof data.id, number>(true);
    same<typeof data.members, Member[] | undefined>(true);
    same<Member['role'], 'owner' | 'guest'>(true);
    // @ts-expect-error unknown field
    data.title;
  });
  // The type of a pattern also matches the longer name, because its parameter also matches colons.
  client.channel('projects:7:joined').on('event', ({ data }) => 'id' in data && data.id.toFixed());
  client.channel('billing:invoices').on('event', ({ data }) => same<typeof data, unknown>(true));
  // @ts-expect-error unknown channel
  client.channel('teams:7:removed');

  const merged = createRealtimeClient({ url: '/ws' });
  merged.channel('teams:7:updated').on('event', ({ data }) => same<typeof data.id, number>(true));
  client.channel('apps:created').on('event', ({ data }) => same<typeof data.name, string>(true));
  merged.channel('apps:created').on('event', ({ data }) => same<typeof data.name, string>(true));
  // @ts-expect-error unknown channel
  merged.channel('teams:7:removed');
}

/** Checks that the document and PlatformEvents agree on the built-in channels. */
export const bothWays = (
  documented: Pick<Events, keyof PlatformEvents>,
  declared: PlatformEvents,
): [PlatformEvents, Pick<Events, keyof PlatformEvents>] => [documented, declared];
`;

/** The same for live resources and streams. */
const STATES = `
import { createRealtimeClient } from 'nestjs-realtime-client';
import { live } from 'nestjs-realtime-client/live';
import { useLive, useStream } from 'nestjs-realtime-client/react';
import { liveQuery } from 'nestjs-realtime-client/react-query';
import { openStream } from 'nestjs-realtime-client/streams';
import type { Board, Member, MemberJoined, States, Streams, Summary } from './generated-events.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};
const client = createRealtimeClient({ url: '/ws' });

export function states(id: string, anyName: string): void {
  const board = live(client, \`boards:\${id}:all\`).getSnapshot().data;
  same<typeof board, Board | undefined>(true);
  same<Board['members'], Record<string, Member>>(true);
  const { data } = useLive('boards:7:all');
  same<typeof data, Board | undefined>(true);
  same<Awaited<ReturnType<ReturnType<typeof liveQuery<'boards:7:all'>>['queryFn']>>, Board>(true);
  same<ReturnType<typeof useLive<string>>['data'], unknown>(true);
  useLive(anyName); // known only at run time
  // @ts-expect-error not a live resource
  live(client, 'boards:7:some');
  // @ts-expect-error not a live resource
  useLive('teams:7:updated');
  // @ts-expect-error not a live resource
  liveQuery(client, 'imports:7:rows');
  // @ts-expect-error a member that the state lacks
  data?.title;
  client.channel('boards:7:all').on('event', ({ data: patch }) => same<typeof patch.remove, string[] | undefined>(true));
}

export function streams(id: string, anyName: string): void {
  const log = openStream(client, 'logs').getSnapshot();
  same<typeof log.items, readonly never[]>(true);
  same<typeof log.result, unknown>(true);
  const { items, result } = useStream(\`imports:\${id}:rows\`);
  same<typeof items, readonly MemberJoined[]>(true);
  same<typeof result, Summary | undefined>(true);
  same<ReturnType<typeof useStream<string>>['items'], readonly unknown[]>(true);
  useStream(anyName); // known only at run time
  // @ts-expect-error not a stream
  openStream(client, 'boards:7:all');
  // @ts-expect-error not a stream
  useStream('imports:7');
  // @ts-expect-error a stream has no events
  client.channel('logs');
}

export const maps: [States['boards:7:all'], Streams['logs']] | null = null;
`;

/** The application itself, with the same maps. */
const SERVER = `
import { LiveResources, RealtimeStreams, remove, replace, statePatch } from 'nestjs-realtime';
import type { States, Streams } from './generated-events.js';

declare module 'nestjs-realtime' {
  interface RealtimeStates extends States {}
  interface RealtimeStreamTypes extends Streams {}
}

interface OfClasses extends States { 'decks:all': { cards: Map<string, { title: string; cost: number }> } }

export async function states(resources: LiveResources, classes: LiveResources<OfClasses>, id: string): Promise<void> {
  await resources.patch(\`boards:\${id}:all\`, { members: { '7': { role: 'guest' }, '8': remove() }, note: remove() });
  await resources.patch('boards:7:all', { members: { '9': replace({ name: 'Ada', role: 'owner' }) } });
  await resources.set('boards:7:all', { members: {} });
  await resources.invalidate('boards:7:all');
  statePatch<'boards:7:all'>({ note: 'x' });
  await classes.patch('decks:all', { cards: { '7': { title: 'x' }, '8': remove() } });
  // @ts-expect-error a number
  await classes.patch('decks:all', { cards: { '7': { cost: 'x' } } });
  // @ts-expect-error not a live resource
  await resources.patch('teams:7:updated', {});
  // @ts-expect-error not a live resource
  await resources.invalidate('boards:7');
  // @ts-expect-error an unknown role
  await resources.patch('boards:7:all', { members: { '7': { role: 'captain' } } });
  // @ts-expect-error a member that the state lacks
  await resources.patch('boards:7:all', { title: 'x' });
  // @ts-expect-error the state always has its members
  await resources.patch('boards:7:all', { members: remove() });
  // @ts-expect-error a whole state has its members
  await resources.set('boards:7:all', { note: 'x' });
}

export async function streams(service: RealtimeStreams, id: string): Promise<void> {
  const log = await service.open('logs');
  await log.write('text');
  await log.pipe(['text', new Uint8Array()]);
  await log.end({ any: 'result' });
  const rows = await service.open(\`imports:\${id}:rows\`);
  await rows.writeItem({ userId: 'ada', tags: [] });
  await rows.pipe([{ userId: 'ada', tags: [] }]);
  await rows.end({ rows: 1 });
  await service.cancel('imports:7:rows');
  // @ts-expect-error not a stream
  await service.open('boards:7:all');
  // @ts-expect-error a text has no items
  await log.writeItem({ userId: 'ada', tags: [] });
  // @ts-expect-error a text consists of strings
  await log.pipe([1]);
  // @ts-expect-error an item without tags
  await rows.writeItem({ userId: 'ada' });
  // @ts-expect-error an item without tags
  await rows.pipe([{ userId: 'ada' }]);
  // @ts-expect-error another result
  await rows.end({ exitCode: 1 });
}
`;

const MISTAKE = `
import { createRealtimeClient } from 'nestjs-realtime-client';
import type { Events } from './generated-events.js';
createRealtimeClient<Events>({ url: '/ws' }).channel('teams:7:updated').on('event', ({ data }) => data.title);
`;

describe('types generated from the document of an application', () => {
  let app: RealtimeApp;
  let text: string;

  beforeAll(async () => {
    const feature = RealtimeModule.forFeature([
      { name: 'teams:{teamId}:updated', access: 'authenticated', data: ProjectUpdated },
      { name: 'projects:{projectId}:joined', access: 'public', data: ProjectUpdated },
      { name: 'projects:{projectId}:members:joined', access: 'public', data: MemberJoined },
      { name: 'billing:invoices', access: { roles: ['billing'] } },
      { name: 'logs', access: 'public', stream: true },
      { name: 'imports:{id}:rows', access: 'public', stream: { lines: MemberJoined, result: Summary } },
    ]);
    app = await RealtimeApp.start({}, { imports: [feature], providers: [Boards] });
    text = JSON.stringify(app.app.get(RealtimeAsyncApi).document({ title: 'Projects', version: '2.0.0' }));
  }, 60_000);
  afterAll(() => app.close());

  it('compile, and type the channels of a client with a separate map and with the merged one', () => {
    const code = eventTypes(readContract(text), { augment: true });
    const problems = compile([
      { name: 'generated-events.ts', code },
      { name: 'frontend.ts', code: FRONTEND },
      { name: 'states.ts', code: STATES },
      { name: 'server.ts', code: SERVER },
      { name: 'mistake.ts', code: MISTAKE },
    ]).map(problemText);
    expect(problems).toEqual([expect.stringMatching(/mistake\.ts line 4: Property 'title' does not exist/)]);
  }, 100_000);
});
