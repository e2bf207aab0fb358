import { jest } from '@jest/globals';
import { Logger, SetMetadata } from '@nestjs/common';
import { of } from 'rxjs';
import { recordLog } from '../../../test/support/log-lines.js';
import { Emits, EMITS_PUBLISHER, emitsOf } from './emits.js';

/** The channels are not part of the event map. */
const On = Emits as unknown as (channel: string, options?: object) => MethodDecorator;

class Tasks {
  @On('tasks:created')
  create(title: unknown): unknown {
    return title;
  }

  @On('tasks:created')
  async createLater(title: unknown): Promise<unknown> {
    if (title === 'bad') throw new Error('refused');
    return title;
  }

  @On('projects:{projectId}:tasks:{id}', { data: ({ id }: { id: number }) => ({ id, projectId: 'p' }) })
  rename(task: object): object {
    return task;
  }

  @On('user:{userId}', { params: (_result: object, userId: string) => ({ userId }) })
  notify(_userId: string): object {
    return { text: 'hi' };
  }

  @On('tasks:created', { data: () => null })
  @On('tasks:archived')
  archive(): string {
    return 'done';
  }
}

function begin() {
  const afterCommit = jest.fn();
  const tasks = Object.assign(new Tasks(), { [EMITS_PUBLISHER]: { afterCommit } });
  return { tasks, emitted: afterCommit.mock.calls };
}

describe('an emitting method', () => {
  afterAll(() => Logger.overrideLogger(true));

  it('emits its result, and returns it', async () => {
    const { tasks, emitted } = begin();
    expect(tasks.create('one')).toBe('one');
    expect(await tasks.createLater('two')).toBe('two');
    expect(emitted).toEqual([
      ['tasks:created', 'one'],
      ['tasks:created', 'two'],
    ]);
  });

  it('emits nothing for no result, no data, and an error', async () => {
    const { tasks, emitted } = begin();
    for (const nothing of [undefined, null]) tasks.create(nothing);
    await expect(tasks.createLater('bad')).rejects.toThrow('refused');
    expect(tasks.archive()).toBe('done');
    expect(emitted).toEqual([['tasks:archived', 'done']]);
  });

  it('fills the parameters of its channel from the result and the data', () => {
    const { tasks, emitted } = begin();
    tasks.rename({ id: 7 });
    expect(emitted).toEqual([['projects:p:tasks:7', { id: 7, projectId: 'p' }]]);
  });

  it('fills them with what `params` returns, and encodes the id of a user', () => {
    const { tasks, emitted } = begin();
    tasks.notify('a/b');
    expect(emitted).toEqual([['user:a%2Fb', { text: 'hi' }]]);
  });

  it.each([
    [{ id: null }, 'id is null'],
    [{}, 'id is undefined'],
    [{ id: {} }, 'id is object'],
  ])('fails without a value for a parameter: %j', (task, message) => {
    const { tasks } = begin();
    expect(() => tasks.rename(task)).toThrow(
      `@Emits('projects:{projectId}:tasks:{id}') on Tasks.rename: ${message}. Return it, or give params`,
    );
  });

  it('must not return an Observable', () =>
    expect(() => begin().tasks.create(of(1))).toThrow('the method returns an Observable. Return a promise'));

  it('emits nothing in an instance that Nest did not create, and says so once', () => {
    const lines = recordLog();
    const tasks = new Tasks();
    for (const title of ['a', 'b']) expect(tasks.create(title)).toBe(title);
    expect(lines.filter((line) => line.includes('Nest did not create this instance'))).toHaveLength(1);
  });

  it('has its channels and its name', () => {
    expect(emitsOf(Reflect.get(Tasks.prototype, 'archive'))).toEqual(['tasks:archived', 'tasks:created']);
    expect(Reflect.get(Tasks.prototype, 'create')).toHaveProperty('name', 'create');
    for (const other of [null, 'text', () => 1]) expect(emitsOf(other)).toEqual([]);
  });

  it('keeps the metadata of the decorators below it', () => {
    class Routed {
      @On('tasks:created')
      @SetMetadata('path', '/tasks')
      find(): null {
        return null;
      }
    }
    expect(Reflect.getMetadata('path', Reflect.get(Routed.prototype, 'find') as object)).toBe('/tasks');
  });

  it('cannot be static', () =>
    expect(() => On('tasks:created')(Tasks, 'of', { value: () => 1 })).toThrow(
      "@Emits('tasks:created') on of: decorate a method that is not static",
    ));
});
