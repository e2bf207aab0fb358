import { jest } from '@jest/globals';
import { callByName } from '../../test/support/call-by-name.js';
import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';
import type { FakeCall } from '../testing/index.js';
import { CommandState, type CommandView } from './command-state.js';

describe('the state of a command', () => {
  const begin = virtualClients();

  /** A connected client, and a command whose calls the test ends. */
  async function commandOf() {
    const runs: { readonly running: FakeCall; readonly end: ReturnType<typeof deferred<unknown>> }[] = [];
    const slow = (_input: unknown, running: FakeCall): Promise<unknown> => {
      const end = deferred<unknown>();
      runs.push({ running, end });
      return end.promise;
    };
    const { client } = begin({ getToken: () => 'ada' }, { commands: { slow } });
    client.connect();
    await pass();
    const state = new CommandState(client, (input, options) => callByName(client, 'slow', input, options));
    const views: CommandView[] = [];
    const stop = state.subscribe(() => views.push(state.snapshot()));
    return { client, state, views, runs, stop };
  }

  it('is of the last call, in whichever order they end', async () => {
    const { state, runs } = await commandOf();
    const first = state.call();
    const second = state.call();
    await pass();
    runs[1]!.end.resolve('second');
    await second;
    runs[0]!.running.progress('late');
    runs[0]!.end.reject(new Error('it failed'));
    await expect(first).rejects.toMatchObject({ code: 'internal' });
    expect(state.snapshot()).toMatchObject({ state: 'idle', data: 'second', error: undefined });
  });

  it('shows no outcome of a call before `reset`, and cancels none', async () => {
    const { state, runs } = await commandOf();
    const call = state.call();
    await pass();
    state.reset();
    state.cancel();
    runs[0]!.running.progress(1);
    runs[0]!.end.resolve('done');
    expect([await call, state.snapshot().state, state.snapshot().data]).toEqual(['done', 'idle', undefined]);
  });

  it('keeps no error when the command is called again, and changes nothing after its view has gone', async () => {
    const { state, views, runs, stop } = await commandOf();
    void state.call();
    await pass();
    runs[0]!.end.reject(new Error('it failed'));
    await pass();
    expect(state.snapshot().state).toBe('error');
    const again = state.call();
    expect(state.snapshot()).toMatchObject({ state: 'pending', error: undefined });
    await pass();
    stop();
    const { length } = views;
    runs[1]!.end.resolve('done');
    expect([await again, views.length]).toEqual(['done', length]);
  });

  it('reaches the other views if one of them throws, and raises its error uncaught', async () => {
    const { state, views, runs } = await commandOf();
    const broken = new Error('a view is broken');
    const stop = state.subscribe(() => {
      throw broken;
    });
    const other: unknown[] = [];
    state.subscribe(() => other.push(state.snapshot().state));
    const raised: unknown[] = [];
    const later = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((work: () => void, ms?: number) => {
      if (ms !== undefined) return 0;
      try {
        work();
      } catch (error) {
        raised.push(error);
      }
      return 0;
    }) as never);
    state.call().catch(() => undefined);
    later.mockRestore();
    expect([other, views.length, raised]).toEqual([['pending'], 1, [broken]]);
    stop();
    await pass();
    runs[0]!.running.progress(1);
    await pass();
    expect(state.snapshot().progress).toBe(1);
    runs[0]!.end.resolve(1);
    await pass();
  });
});
