import type { FakeCall } from '../../testing/index.js';
import { deferred, pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import { RealtimeError } from '../index.js';

/** The outcome of a promise so far: its value, the code or message of its error, or `waits`. */
function outcomeOf(promise: Promise<unknown>): () => unknown {
  let outcome: unknown = 'waits';
  promise.then(
    (value) => (outcome = value),
    (error: unknown) => (outcome = (error as RealtimeError).code ?? (error as Error).message),
  );
  return () => outcome;
}

describe('a call', () => {
  const begin = virtualClients();
  const token = 'ada';

  /** A connected client, and a command `add` that counts its runs. */
  async function connected(
    handlers: Readonly<Record<string, unknown>> = {},
    server: { commandWindowMs?: number } = {},
  ) {
    const runs: FakeCall[] = [];
    const commands = {
      add: (input: { readonly by: number }, running: FakeCall) => {
        runs.push(running);
        return { total: input.by + 1 };
      },
      ...handlers,
    };
    const made = begin({ getToken: () => token, minDelayMs: 100 }, { commands, ...server });
    made.client.connect();
    await pass();
    return { ...made, runs };
  }
  /** A command that runs until the test ends it. */
  function slow() {
    const end = deferred<unknown>();
    const runs: FakeCall[] = [];
    const command = (_input: unknown, running: FakeCall): Promise<unknown> => {
      runs.push(running);
      return end.promise;
    };
    return { command, runs, end };
  }
  const sentBy = (received: readonly { readonly type: string }[] | undefined): string[] =>
    (received ?? []).map(({ type }) => type).filter((type) => type === 'call' || type === 'cancel');

  it('resolves with the output of the command', async () => {
    const { client, server } = await connected();
    const added = callByName(client, 'add', { by: 2 });
    await pass();
    await expect(added).resolves.toEqual({ total: 3 });
    const { callId } = added;
    expect(callId).toMatch(/^[0-9a-f-]{36}$/);
    expect(server.open[0]?.received).toEqual([
      { type: 'auth', token, ref: expect.any(String) },
      { type: 'call', name: 'add', callId, data: { by: 2 }, ref: expect.any(String) },
    ]);
  });

  it('rejects with the error of the command, which the client does not report as its own', async () => {
    const details = [{ field: 'by', message: 'must be a number' }];
    const { client, errors } = await connected({
      add: () => Promise.reject(new RealtimeError('conflict', 'taken', { details })),
    });
    const added = callByName(client, 'add');
    const caught = added.catch((error: unknown) => error);
    await pass();
    expect(await caught).toMatchObject({ code: 'conflict', message: 'taken', details });
    await expect(added.settled).rejects.toMatchObject({ code: 'conflict' });
    expect(errors).toEqual([]);
  });

  it('without a connection is not sent, not even later', async () => {
    const { client, server } = begin({}, { commands: {} });
    await expect(callByName(client, 'add')).rejects.toMatchObject({ code: 'not_connected' });
    expect(client.state).toBe('idle');
    client.connect();
    await pass(1_000);
    expect(sentBy(server.open[0]?.received)).toEqual([]);
  });

  it('is sent again after a break with the same id, and the command runs once', async () => {
    const { command, runs, end } = slow();
    const { client, server } = await connected({ slow: command });
    const running = callByName(client, 'slow', { a: 1 });
    await pass();
    server.cut();
    await pass(200);
    end.resolve('done');
    await pass();
    await expect(running).resolves.toBe('done');
    expect(runs).toHaveLength(1);
    const frames = server.connections.flatMap(({ received }) => received.filter(({ type }) => type === 'call'));
    expect(frames.map((frame) => ({ ...frame, ref: '' }))).toEqual(
      [0, 1].map(() => ({ type: 'call', name: 'slow', callId: running.callId, data: { a: 1 }, ref: '' })),
    );
  });

  it('that got its answer lost gets the first result', async () => {
    const { client, server, runs } = await connected();
    const added = callByName(client, 'add', { by: 1 });
    await Promise.resolve();
    server.open[0]!.isSilent = false;
    const send = server.open[0]!.send.bind(server.open[0]);
    server.open[0]!.send = (frame) => (frame.type === 'result' ? undefined : send(frame));
    await pass();
    server.cut();
    await pass(200);
    await expect(added).resolves.toEqual({ total: 2 });
    expect(runs).toHaveLength(1);
  });

  it.each<[string, (server: Awaited<ReturnType<typeof connected>>['server']) => Promise<void> | void]>([
    [
      'was lost for longer than the server keeps outcomes',
      async (server) => {
        server.isDown = true;
        server.cut();
        await pass(6_000);
        server.isDown = false;
      },
    ],
    [
      'leads to a server that lost them',
      (server) => {
        server.forgetCalls();
        server.cut();
      },
    ],
  ])('is not sent again if the connection %s: its outcome is unknown', async (_, happens) => {
    const { command, runs } = slow();
    const { client, server } = await connected({ slow: command }, { commandWindowMs: 5_000 });
    const outcome = outcomeOf(callByName(client, 'slow', {}, { timeoutMs: 60_000 }));
    await pass();
    await happens(server);
    await pass(30_000);
    expect(client.state).toBe('connected');
    expect(outcome()).toBe('interrupted');
    expect(runs).toHaveLength(1);
  });

  it('is not sent again if it was first sent before the time for which the server keeps outcomes', async () => {
    const { command, runs } = slow();
    const { client, server } = await connected({ slow: command }, { commandWindowMs: 5_000 });
    const outcome = outcomeOf(callByName(client, 'slow', {}, { timeoutMs: 60_000 }));
    for (const expected of ['waits', 'interrupted']) {
      await pass(2_600);
      server.cut();
      await pass(1_000);
      expect([client.state, outcome()]).toEqual(['connected', expected]);
    }
    expect(runs).toHaveLength(1);
  });

  it('with `once: false` is sent again at any time', async () => {
    const { command, runs } = slow();
    const { client, server } = await connected({ slow: command }, { commandWindowMs: 1 });
    const outcome = outcomeOf(callByName(client, 'slow', {}, { once: false }));
    await pass();
    server.cut();
    await pass(1_000);
    expect(outcome()).toBe('waits');
    expect(runs).toHaveLength(2);
    client.close();
    await pass();
  });

  it.each([
    [true, 'interrupted', 1],
    [false, 'waits', 2],
  ])('of an anonymous client with once: %p ends after a break as %s', async (once, expected, times) => {
    const { command, runs } = slow();
    const { client, server } = begin({ minDelayMs: 100 }, { commands: { slow: command } });
    client.connect();
    await pass();
    const outcome = outcomeOf(callByName(client, 'slow', {}, { once }));
    await pass();
    server.cut();
    await pass(1_000);
    expect(outcome()).toBe(expected);
    expect(runs).toHaveLength(times);
    client.close();
    await pass();
  });

  it('is not sent again under another identity', async () => {
    const { command, runs } = slow();
    let user = 'ada';
    const { client, server } = begin({ getToken: () => user }, { commands: { slow: command } });
    client.connect();
    await pass();
    const sent = outcomeOf(callByName(client, 'slow'));
    await pass();
    server.isDown = true;
    server.cut();
    await pass();
    const queued = outcomeOf(callByName(client, 'slow', {}, { offline: 'queue' }));
    user = 'bob';
    const signsIn = client.reauthenticate();
    server.isDown = false;
    await pass(5_000);
    await signsIn;
    expect(client.identity?.user?.userId).toBe('bob');
    expect([sent(), queued()]).toEqual(['interrupted', 'cancelled']);
    expect(runs.map((run) => run.user?.userId)).toEqual(['ada']);
  });

  it('that waits for the first connection is not sent as another user', async () => {
    const { command, runs } = slow();
    let user = 'ada';
    const { client } = begin({ getToken: () => user }, { commands: { slow: command } });
    const queued = outcomeOf(callByName(client, 'slow', {}, { offline: 'queue' }));
    user = 'bob';
    const signsIn = client.reauthenticate();
    await pass(1_000);
    await signsIn;
    expect(client.identity?.user?.userId).toBe('bob');
    expect([queued(), runs]).toEqual(['cancelled', []]);
  });

  it('ends when the client is closed', async () => {
    const { command } = slow();
    const { client } = await connected({ slow: command });
    const sent = outcomeOf(callByName(client, 'slow'));
    await pass();
    client.close();
    await pass();
    expect(sent()).toBe('interrupted');
    await expect(callByName(client, 'slow', {}, { offline: 'queue' })).rejects.toMatchObject({
      code: 'not_connected',
    });
  });

  it('without an answer in time is cancelled on the server', async () => {
    const { command, runs } = slow();
    const { client } = await connected({ slow: command });
    const outcome = outcomeOf(callByName(client, 'slow', {}, { timeoutMs: 3_000 }));
    await pass(2_999);
    expect([outcome(), runs[0]?.signal.aborted]).toEqual(['waits', false]);
    await pass(1);
    expect([outcome(), runs[0]?.signal.aborted]).toEqual(['timeout', true]);
  });

  it('counts the time of a break into its limit', async () => {
    const { command } = slow();
    const { client, server } = await connected({ slow: command });
    const outcome = outcomeOf(callByName(client, 'slow', {}, { timeoutMs: 3_000 }));
    await pass(1_000);
    server.isDown = true;
    server.cut();
    await pass(2_000);
    expect(outcome()).toBe('timeout');
  });

  it('rejects with the reason of its signal, and is cancelled on the server', async () => {
    const { command, runs } = slow();
    const { client, server, errors } = await connected({ slow: command });
    const abort = new AbortController();
    const outcome = outcomeOf(callByName(client, 'slow', {}, { signal: abort.signal }));
    await pass();
    abort.abort(new Error('mine'));
    server.send({ type: 'error', code: 'not_found', message: 'unknown call', ref: 'r0' }); // it has ended meanwhile
    await pass();
    expect([outcome(), runs[0]?.signal.aborted, errors]).toEqual(['mine', true, []]);
  });

  it('is not sent again after it was cancelled during a break', async () => {
    const { command } = slow();
    const { client, server } = await connected({ slow: command });
    const running = callByName(client, 'slow');
    const outcome = outcomeOf(running);
    await pass();
    server.cut();
    await pass();
    running.cancel();
    await pass(200);
    expect(outcome()).toBe('cancelled');
    expect(server.connections.map(({ received }) => sentBy(received))).toEqual([['call'], []]);
  });

  it('with an aborted signal is not sent', async () => {
    const { client, server } = await connected();
    await expect(callByName(client, 'add', {}, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    await pass();
    expect(sentBy(server.open[0]?.received)).toEqual([]);
  });

  it('can be cancelled until it has its result', async () => {
    const { command, runs } = slow();
    const { client, server } = await connected({ slow: command });
    const running = callByName(client, 'slow');
    const outcome = outcomeOf(running);
    await pass();
    running.cancel();
    running.cancel();
    await pass();
    expect([outcome(), runs[0]?.signal.aborted]).toEqual(['cancelled', true]);
    const added = callByName(client, 'add', { by: 1 });
    await pass();
    added.cancel();
    await expect(added).resolves.toEqual({ total: 2 });
    expect(sentBy(server.open[0]?.received)).toEqual(['call', 'cancel', 'call']);
  });

  it.each([null, token])(
    'that still runs on another instance is repeated until it has its result (token: %p)',
    async (given) => {
      let runs = 0;
      const elsewhere = (): unknown => {
        runs += 1;
        return runs < 4 ? Promise.reject(new RealtimeError('in_progress', 'it runs')) : 'done';
      };
      // The server knows the call for as long as it runs.
      const { client } = begin({ getToken: () => given }, { commands: { elsewhere }, commandWindowMs: 1_500 });
      client.connect();
      await pass();
      const outcome = outcomeOf(callByName(client, 'elsewhere'));
      const after: [number, number, unknown][] = [];
      for (const ms of [0, 250, 500, 999, 1]) {
        await pass(ms);
        after.push([ms, runs, outcome()]);
      }
      expect(after).toEqual([
        [0, 1, 'waits'],
        [250, 2, 'waits'],
        [500, 3, 'waits'],
        [999, 3, 'waits'],
        [1, 4, 'done'],
      ]);
    },
  );

  it('is repeated if the server dropped a frame without naming it, and rejected if it named the call', async () => {
    const { client, server, runs } = await connected({
      limited: () => Promise.reject(new RealtimeError('rate_limited', 'slow down')),
    });
    await expect(Promise.all([callByName(client, 'limited'), pass()])).rejects.toMatchObject({
      code: 'rate_limited',
    });
    const connection = server.open[0]!;
    const take = connection.take.bind(connection);
    connection.take = () => connection.send({ type: 'error', code: 'rate_limited', message: 'slow down' });
    const outcome = outcomeOf(callByName(client, 'add', { by: 1 }));
    await pass();
    connection.take = take;
    await pass(249);
    expect([outcome(), runs]).toEqual(['waits', []]);
    await pass(1);
    expect(outcome()).toEqual({ total: 2 });
  });

  it('with the id of a pending call is that call, and cannot be of another command', async () => {
    const { command, runs } = slow();
    const { client } = await connected({ slow: command });
    const one = callByName(client, 'slow', {}, { callId: 'mine' });
    expect(callByName(client, 'slow', {}, { callId: 'mine' })).toBe(one);
    expect(() => callByName(client, 'add', {}, { callId: 'mine' })).toThrow(
      'callId "mine" belongs to a pending call of slow',
    );
    await pass();
    expect(runs).toHaveLength(1);
    one.cancel();
    await expect(one).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([{ callId: '' }, { callId: 'a b' }, { callId: 'x'.repeat(65) }, { offline: 'wait' as 'queue' }])(
    'refuses the option %p',
    async (options) => {
      const { client } = await connected();
      expect(() => callByName(client, 'add', {}, options)).toThrow(TypeError);
    },
  );

  it('reports its progress until it ends', async () => {
    const { client, server } = await connected({
      steps: async (_input: unknown, running: FakeCall) => {
        running.progress(1);
        await new Promise((resolve) => setTimeout(resolve, 100));
        running.progress(2);
        return 'done';
      },
    });
    const messages: unknown[] = [];
    client.on('message', ({ type }) => messages.push(type));
    const running = callByName(client, 'steps');
    const seen: unknown[] = [];
    const watched = (async () => {
      for await (const step of running.progress) seen.push(step);
      return 'over';
    })();
    await pass();
    expect(seen).toEqual([1]);
    server.send({ type: 'progress', callId: 'of another', data: 9 });
    await pass(100);
    expect([seen, await watched, await running]).toEqual([[1, 2], 'over', 'done']);
  });
});

describe('calls that wait for the connection', () => {
  const begin = virtualClients();

  it('connect an idle client, and are sent in order, each after the result of the one before', async () => {
    const ends = [deferred<unknown>(), deferred<unknown>(), deferred<unknown>()];
    const runs: number[] = [];
    const commands = {
      add: (input: number) => {
        runs.push(input);
        return ends[input]?.promise ?? input;
      },
    };
    const { client } = begin({}, { commands });
    const calls = [0, 1, 2].map((input) => callByName(client, 'add', input, { offline: 'queue' }));
    const outcomes = calls.map(outcomeOf);
    await pass(1_000);
    expect([client.state, runs]).toEqual(['connected', [0]]);
    calls[1]!.cancel();
    const direct = callByName(client, 'add', 7);
    const behind = callByName(client, 'add', 8, { offline: 'queue' });
    await pass();
    expect(runs).toEqual([0, 7]);
    ends[0]!.reject(new Error('it failed'));
    ends[2]!.resolve('two');
    await pass();
    expect(runs).toEqual([0, 7, 2, 8]);
    expect(outcomes.map((outcome) => outcome())).toEqual(['internal', 'cancelled', 'two']);
    expect(await Promise.all([direct, behind])).toEqual([7, 8]);
  });

  it('are at most 100', async () => {
    const { client, server } = begin({}, { commands: { add: () => 1 } });
    server.isDown = true;
    const calls = Array.from({ length: 101 }, () => callByName(client, 'add', 1, { offline: 'queue' }));
    const outcomes = calls.map(outcomeOf);
    await pass();
    expect(outcomes.filter((outcome) => outcome() === 'not_connected')).toEqual([outcomes[100]]);
    server.isDown = false;
    await pass(60_000);
    expect(outcomes.filter((outcome) => outcome() === 1)).toHaveLength(100);
  });

  it('have no time limit until they are sent', async () => {
    const { client, server } = begin({}, { commands: { add: () => 1 } });
    server.isDown = true;
    const outcome = outcomeOf(callByName(client, 'add', 1, { offline: 'queue', timeoutMs: 1_000 }));
    await pass(20_000);
    expect(outcome()).toBe('waits');
    server.isDown = false;
    await pass(60_000);
    expect(outcome()).toBe(1);
  });
});
