import { Logger } from '@nestjs/common';
import { RunningMessage, runningMessageOf } from './running-message.js';

describe('RunningMessage', () => {
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));

  it('is known to the code that it runs, also after an await, and only for its connection', async () => {
    const [connection, other] = [{}, {}];
    const message = new RunningMessage(connection, 'rename', 'r1', 10);
    const seen = await message.run(async () => {
      await Promise.resolve();
      return [runningMessageOf(connection), runningMessageOf(other)];
    });
    expect(seen).toEqual([message, undefined]);
    expect(runningMessageOf(connection)).toBeUndefined();
  });

  it('releases its resources at its end, once', () => {
    const message = new RunningMessage({}, 'rename', undefined, 0);
    let released = 0;
    message.ending.add(() => (released += 1));
    expect(message.abandoned).toBe(false);
    message.end();
    expect([released, message.abandoned]).toEqual([1, false]);
    message.abandon();
    expect([released, message.abandoned]).toEqual([1, true]);
  });

  it('releases its resources if it is abandoned, and survives teardown code that throws', () => {
    const message = new RunningMessage({}, 'rename', undefined, 0);
    let released = 0;
    message.ending.add(() => (released += 1));
    message.ending.add(() => {
      throw new Error('bug of the application');
    });
    message.abandon();
    expect([released, message.abandoned]).toEqual([1, true]);
  });
});
