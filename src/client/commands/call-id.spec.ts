import { deferred, pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import type { FakeCall } from '../../testing/index.js';
import type { RealtimeError } from '../index.js';

const codeOf = (error: unknown): string => (error as RealtimeError).code;

describe('calls with the same id, one after the other', () => {
  const begin = virtualClients();

  /** A client, and a command that runs until the test ends it. */
  function clientOf() {
    const end = deferred<unknown>();
    const runs: FakeCall[] = [];
    const slow = (_input: unknown, running: FakeCall): Promise<unknown> => {
      runs.push(running);
      return end.promise;
    };
    const first = deferred<unknown>();
    return {
      ...begin({ getToken: () => 'ada' }, { commands: { slow, first: () => first.promise } }),
      end,
      first,
      runs,
    };
  }

  it('a call that has ended cannot cancel the next one', async () => {
    const { client, end, runs } = clientOf();
    client.connect();
    await pass();
    const former = callByName(client, 'slow', {}, { callId: 'mine', timeoutMs: 100 });
    const outcome = former.catch(codeOf);
    client.close();
    client.connect();
    await pass();
    expect(await outcome).toBe('cancelled');
    const next = callByName(client, 'slow', {}, { callId: 'mine', timeoutMs: 1_000 });
    await pass();
    former.cancel();
    await pass(500);
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([false]);
    end.resolve('done');
    await expect(next).resolves.toBe('done');
  });

  it('a call that was cancelled in the queue does not end the next one after its time', async () => {
    const { client, server, end, first, runs } = clientOf();
    server.isDown = true;
    const before = callByName(client, 'first', {}, { offline: 'queue', timeoutMs: 60_000 });
    const former = callByName(client, 'slow', {}, { offline: 'queue', callId: 'mine', timeoutMs: 100 });
    const outcome = former.catch(codeOf);
    former.cancel();
    server.isDown = false;
    await pass(10_000);
    const next = callByName(client, 'slow', {}, { callId: 'mine', timeoutMs: 30_000 });
    await pass();
    first.resolve(1);
    await pass(200);
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([false]);
    end.resolve('done');
    expect([await before, await outcome, await next]).toEqual([1, 'cancelled', 'done']);
  });

  it('a call that was cancelled while it waited for the connection leaves no timer', async () => {
    const { client, server } = clientOf();
    server.isDown = true;
    const former = callByName(client, 'slow', {}, { offline: 'queue' });
    const outcome = former.catch(codeOf);
    former.cancel();
    server.isDown = false;
    await pass(10_000);
    expect([await outcome, client.state]).toEqual(['cancelled', 'connected']);
    expect(server.open[0]?.received.map(({ type }) => type)).toEqual(['auth']);
    client.close();
    await pass(); // the suite finds timers
  });

  it('sends the input as it was when the call was made', async () => {
    const given: unknown[] = [];
    const { client } = begin({}, { commands: { add: (input: unknown) => given.push(input) } });
    const input = { items: [1] };
    const call = callByName(client, 'add', input, { offline: 'queue' });
    input.items.push(2);
    await pass(1_000);
    await call;
    expect(given).toEqual([{ items: [1] }]);
    expect(() => callByName(client, 'add', { big: 1n })).toThrow(
      'The input of add is not JSON: Do not know how to serialize a BigInt',
    );
  });
});
