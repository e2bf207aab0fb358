import { Controller, Get, Injectable, Module, Param, Scope, SetMetadata, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { of } from 'rxjs';
import { Emits, EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { TEST_SECRET } from '../support/jwt.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

interface Task {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
}

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    [ofAProject: `work:${string}:tasks`]: { readonly id: string; readonly title: string };
    'work:done': { readonly id: string };
  }
}

const CHANNELS = [
  { name: 'work:{projectId}:tasks', access: 'authenticated' },
  { name: 'work:done', access: 'authenticated' },
] as const;
const TASK: Task = { id: '1', projectId: 'p1', title: 'Paint' };

@Injectable()
class TaskService {
  @Emits('work:{projectId}:tasks')
  async create(result: Task | null | undefined): Promise<Task | null | undefined> {
    await Promise.resolve();
    return result;
  }

  @Emits('work:{projectId}:tasks')
  async fail(): Promise<Task> {
    throw new Error('not created');
  }

  @Emits('work:done')
  @Emits('work:{projectId}:tasks', {
    data: ({ id, title }: Task, reason: string) => (reason === '' ? null : { id, title: `${title} ${reason}` }),
    params: (_task: Task, _reason: string, projectId: string) => ({ projectId }),
  })
  finish(reason: string, projectId: string): Task {
    return { ...TASK, title: `Paint in ${projectId}:` + (reason === '' ? '' : ' done') };
  }

  @Emits('user:{userId}', { data: ({ title }: Task) => ({ title }), params: () => ({ userId: 'a b' }) })
  notify(): Task {
    return TASK;
  }

  @Emits('work:done', { data: ({ id }: Task) => ({ id }) })
  find(): Task | null {
    return null;
  }

  @Emits('work:{projectId}:tasks', { data: ({ id, title }: Task) => ({ id, title }), params: () => ({}) })
  nowhere(): Task {
    return TASK;
  }

  @Emits('work:done')
  stream(): never {
    return of(TASK) as never;
  }
}

@Injectable({ scope: Scope.REQUEST })
class OfARequest {
  @Emits('work:done')
  async finish(id: string): Promise<{ id: string }> {
    return { id };
  }
}

@Controller('tasks')
class TasksController {
  constructor(private readonly service: OfARequest) {}

  @Emits('work:done')
  @SetMetadata('role', 'user')
  @Get(':id')
  get(@Param('id') id: string): { id: string } {
    return { id };
  }

  @Get(':id/finish')
  finish(@Param('id') id: string): Promise<{ id: string }> {
    return this.service.finish(id);
  }
}

class MadeByAFactory {
  @Emits('work:done')
  finish(): { id: string } {
    return { id: 'made' };
  }
}

describe('@Emits', () => {
  let app: RealtimeApp;
  let service: TaskService;
  let emitted: [channel: string, data: unknown][];

  beforeAll(async () => {
    app = await RealtimeApp.start(
      { channels: [...CHANNELS] },
      {
        providers: [TaskService, OfARequest, { provide: MadeByAFactory, useFactory: () => new MadeByAFactory() }],
        controllers: [TasksController],
      },
    );
    service = app.app.get(TaskService);
    app.events.onEmit(({ channel, data }) => void emitted.push([channel, data]));
  });
  afterAll(() => app.close());
  beforeEach(() => {
    emitted = [];
  });

  it('emits what the method resolves with, and returns it unchanged', async () => {
    expect(await service.create(TASK)).toBe(TASK);
    expect(emitted).toEqual([['work:p1:tasks', TASK]]);
  });

  it('emits nothing for undefined and null, and if the method rejects', async () => {
    expect([await service.create(null), await service.create(undefined), service.find()]).toEqual([
      ...[null, undefined, null],
    ]);
    await expect(service.fail()).rejects.toThrow('not created');
    expect(emitted).toEqual([]);
  });

  it('maps the result and its parameters, and can be repeated', () => {
    expect(service.finish('late', 'p2').title).toBe('Paint in p2: done');
    expect(emitted).toEqual([
      ['work:p2:tasks', { id: '1', title: 'Paint in p2: done late' }],
      ['work:done', { ...TASK, title: 'Paint in p2: done' }],
    ]);
    emitted = [];
    service.finish('', 'p2');
    expect(emitted.map(([channel]) => channel)).toEqual(['work:done']);
  });

  it('encodes the user of a private channel', () => {
    service.notify();
    expect(emitted).toEqual([['user:a%20b', { title: 'Paint' }]]);
  });

  it('emits after the commit of the transaction around the call, and never after a rollback', async () => {
    await app.events.transaction(async () => {
      await service.create(TASK);
      expect(emitted).toEqual([]);
    });
    expect(emitted).toHaveLength(1);
    const rolledBack = app.events.transaction(async () => {
      await service.create(TASK);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    expect(emitted).toHaveLength(1);
  });

  it('fails the call if a parameter is missing, or for an Observable', () => {
    expect(() => service.nowhere()).toThrow(
      "@Emits('work:{projectId}:tasks') on TaskService.nowhere: projectId is undefined",
    );
    expect(() => service.stream()).toThrow('TaskService.stream: the method returns an Observable');
    expect(emitted).toEqual([]);
  });

  it('works on controllers, keeps the metadata of other decorators, and in request-scoped providers', async () => {
    const answers = await Promise.all(['a', 'b/finish'].map((path) => fetch(`${app.http}/tasks/${path}`)));
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(emitted).toHaveLength(2);
    expect(emitted).toEqual(
      expect.arrayContaining([
        ['work:done', { id: 'a' }],
        ['work:done', { id: 'b' }],
      ]),
    );
    const method = Reflect.get(TasksController.prototype, 'get') as { readonly name: string };
    expect([Reflect.getMetadata('role', method), method.name]).toEqual(['user', 'get']);
  });

  it('works in an instance that a factory made', () => {
    app.app.get(MadeByAFactory).finish();
    expect(emitted).toEqual([['work:done', { id: 'made' }]]);
  });

  it('emits nothing in an instance that Nest did not create, and says so once', async () => {
    const alone = new TaskService();
    expect(await alone.create(TASK)).toBe(TASK);
    await alone.create(TASK);
    expect(emitted).toEqual([]);
    expect(app.log.lines.filter((line) => line.includes('TaskService.create emits nothing'))).toHaveLength(1);
  });

  it('refuses a static method', () => {
    const decorate = (): unknown => {
      class Tasks {
        @Emits('work:done')
        static finish(): { id: string } {
          return { id: '1' };
        }
      }
      return Tasks;
    };
    expect(decorate).toThrow("@Emits('work:done') on finish: decorate a method that is not static");
  });

  it('stops the start of an application in which a channel is not registered', async () => {
    class Wrong {
      @Emits('work:gone' as 'work:done')
      finish(): { id: string } {
        return { id: '1' };
      }
    }
    const start = (provider: Provider): Promise<unknown> => {
      @Module({ providers: [provider] })
      class RootModule {}
      const realtime = RealtimeModule.forRoot({ jwt: { secret: TEST_SECRET }, channels: [...CHANNELS] });
      return Test.createTestingModule({ imports: [realtime, RootModule] })
        .compile()
        .then((module) => module.init());
    };
    const sentence = "@Emits('work:gone') on Wrong.finish: the channel is not registered";
    await expect(start(Wrong)).rejects.toThrow(sentence);
    await expect(start({ provide: 'made', useFactory: () => new Wrong() })).rejects.toThrow(sentence);
  });

  it('stops the start if the module of a provider cannot inject EventsPublisher', async () => {
    @Module({ providers: [TaskService] })
    class Alone {}
    const start = Test.createTestingModule({ imports: [Alone] }).compile();
    await expect(start).rejects.toThrow('EventsPublisher');
    expect(EventsPublisher).toBeDefined();
  });
});
