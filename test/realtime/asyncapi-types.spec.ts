import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, ValidateNested } from 'class-validator';
import { readContract } from '../../src/asyncapi-tools/contract.js';
import { eventTypes } from '../../src/asyncapi-tools/event-types.js';
import { RealtimeAsyncApi, RealtimeModule } from '../../src/realtime/index.js';
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
    ]);
    app = await RealtimeApp.start({}, { imports: [feature] });
    text = JSON.stringify(app.app.get(RealtimeAsyncApi).document({ title: 'Projects', version: '2.0.0' }));
  }, 60_000);
  afterAll(() => app.close());

  it('compile, and type the channels of a client with a separate map and with the merged one', () => {
    const code = eventTypes(readContract(text), { augment: true });
    const problems = compile([
      { name: 'generated-events.ts', code },
      { name: 'frontend.ts', code: FRONTEND },
      { name: 'mistake.ts', code: MISTAKE },
    ]).map(problemText);
    expect(problems).toEqual([expect.stringMatching(/mistake\.ts line 4: Property 'title' does not exist/)]);
  }, 100_000);
});
