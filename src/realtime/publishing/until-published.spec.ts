import { setImmediate as turn } from 'node:timers/promises';
import { RealtimeUnavailableError } from './errors.js';
import { UntilPublished } from './until-published.js';

describe('UntilPublished', () => {
  it('retries an event until it is published, and only its channel waits', async () => {
    const published: string[] = [];
    const events = new UntilPublished();
    let failures = 2;
    const first = async (): Promise<void> => {
      failures -= 1;
      if (failures >= 0) throw new RealtimeUnavailableError('away');
      published.push('a1');
    };
    events.add('a', 1, first);
    events.add('a', 1, async () => published.push('a2'));
    events.add('b', 1, async () => published.push('b1'));
    await turn();
    expect(published).toEqual(['b1']);
    await events.settled();
    expect(published).toEqual(['b1', 'a1', 'a2']);
  });

  it('gives up an event that is refused, and all events after a close', async () => {
    const published: string[] = [];
    const events = new UntilPublished();
    events.add('a', 1, () => Promise.reject(new Error('refused')));
    events.add('a', 1, async () => published.push('a2'));
    await events.settled();
    expect(published).toEqual(['a2']);

    let tries = 0;
    events.add('a', 1, async () => {
      tries += 1;
      throw new RealtimeUnavailableError('away');
    });
    await turn();
    events.close();
    await events.settled();
    expect(tries).toBe(2);
  });

  it('limits the size of waiting events', async () => {
    const published: number[] = [];
    const events = new UntilPublished();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    for (const size of [30, 3, 1]) {
      events.add('a', size * 1_048_576, async () => {
        await gate;
        published.push(size);
      });
    }
    open();
    await events.settled();
    expect(published).toEqual([30, 1]);
  });
});
