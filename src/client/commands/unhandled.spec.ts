import { jest } from '@jest/globals';
import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import { RealtimeError, type Call } from '../index.js';

describe('the rejection of a call', () => {
  const begin = virtualClients();

  async function rejected(use: (call: Call) => unknown): Promise<string[]> {
    const unhandled: string[] = [];
    const note = (error: unknown): void => void unhandled.push((error as Error).message);
    process.on('unhandledRejection', note);
    try {
      const fails = () => Promise.reject(new RealtimeError('conflict', 'taken'));
      const { client } = begin({}, { commands: { fails } });
      client.connect();
      await pass();
      use(callByName(client, 'fails'));
      await pass(1_000);
      jest.useRealTimers();
      await new Promise((resolve) => setImmediate(resolve)); // Node reports rejections after the microtasks
      jest.useFakeTimers();
    } finally {
      process.off('unhandledRejection', note);
    }
    return unhandled;
  }

  it.each<[string, (call: Call) => unknown]>([
    ['its promise', (call) => call.catch(() => undefined)],
    ['only `settled`', (call) => call.settled.catch(() => undefined)],
    [
      'its progress, slower than it fails',
      async (call) => {
        for await (const _ of call.progress) await pass(1);
      },
    ],
    [
      'its promise, and `settled` later',
      async (call) => {
        const { settled } = call;
        await call.catch(() => undefined);
        await settled.catch(() => undefined);
      },
    ],
    ['both at once', (call) => Promise.all([call, call.settled]).catch(() => undefined)],
  ])('is handled by a page that uses %s', async (_, use) => {
    expect(await rejected(use)).toEqual([]);
  });
});
