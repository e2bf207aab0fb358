import { deferred, pass, virtualClients } from '../../../test/support/virtual-client.js';
import { callByName } from '../../../test/support/call-by-name.js';
import type { FakeCall } from '../../testing/index.js';
import type { RealtimeClient, RealtimeError } from '../index.js';

const codeOf = (error: unknown): string => (error as RealtimeError).code;

describe('a call around a sign-in', () => {
  const begin = virtualClients();

  /** A client of `ada`, and a command that notes the users who ran it. */
  function clientOf() {
    const users: (string | undefined)[] = [];
    const note = (_input: unknown, { user }: FakeCall): void => void users.push(user?.userId);
    let token: Promise<string | null> | string | null = 'ada';
    const made = begin({ getToken: async () => token, minDelayMs: 100 }, { commands: { note } });
    return { ...made, users, next: (given: typeof token) => void (token = given) };
  }

  it('that was queued before the first connection is not sent as another user', async () => {
    const { client, server, users, next } = clientOf();
    server.isDown = true;
    const outcome = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    await pass(50);
    expect(client.state).toBe('waiting');
    next('bob');
    await client.reauthenticate();
    server.isDown = false;
    await pass(60_000);
    expect(client.identity?.user?.userId).toBe('bob');
    expect([await outcome, users]).toEqual(['cancelled', []]);
  });

  it.each<[string, 'fail' | 'queue', unknown, string[]]>([
    ['is sent as the new user if it can wait', 'queue', null, ['bob']],
    ['is otherwise not sent', 'fail', 'not_connected', []],
  ])('that was made after it began %s', async (_, offline, expected, ran) => {
    const { client, users, next } = clientOf();
    client.connect();
    await pass();
    const token = deferred<string>();
    next(token.promise);
    const signsIn = client.reauthenticate().catch(codeOf);
    const outcome = callByName(client, 'note', {}, { offline }).catch(codeOf);
    await pass();
    expect(users).toEqual([]);
    token.resolve('bob');
    await pass(5_000);
    await signsIn;
    expect(client.identity?.user?.userId).toBe('bob');
    expect([await outcome, users]).toEqual([expected, ran]);
  });

  it('that was made after it began, without a connection, is sent as the new user', async () => {
    const { client, server, users, next } = clientOf();
    client.connect();
    await pass();
    server.isDown = true;
    server.cut();
    await pass();
    const before = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    next('bob');
    await client.reauthenticate();
    const after = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    server.isDown = false;
    await pass(60_000);
    expect([await before, await after, users]).toEqual(['cancelled', null, ['bob']]);
  });

  it('that is the first one, made without a connection after one began, is not sent as the user of the next', async () => {
    const { client, server, users, next } = clientOf();
    client.connect();
    await pass();
    server.isDown = true;
    server.cut();
    await pass();
    next('bob');
    await client.reauthenticate();
    const ofBob = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    next('ada');
    await client.reauthenticate();
    server.isDown = false;
    await pass(60_000);
    expect([await ofBob, client.identity?.user?.userId, users]).toEqual(['cancelled', 'ada', []]);
  });

  it.each<[string, string | null]>([
    ['renews the token of the same user', 'ada'],
    ['keeps the client anonymous', null],
  ])('that %s is sent when that has ended', async (_, who) => {
    const { client, users, next } = clientOf();
    next(who);
    client.connect();
    await pass();
    const token = deferred<string | null>();
    next(token.promise);
    const signsIn = client.reauthenticate();
    const call = callByName(client, 'note');
    await pass(1_000);
    token.resolve(who);
    await pass();
    expect([await signsIn, await call, users]).toEqual([undefined, null, [who ?? undefined]]);
    await callByName(client, 'note');
  });

  it('that waits for one is not sent as the user of the next', async () => {
    const { client, users, next } = clientOf();
    client.connect();
    await pass();
    next(new Promise(() => undefined));
    void client.reauthenticate().catch(codeOf); // as another user, whose token does not come
    const outcome = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    await pass();
    next('ada');
    await client.reauthenticate();
    await pass(1_000);
    expect([await outcome, users]).toEqual(['cancelled', []]);
  });

  it('that fails ends with the connection', async () => {
    const { client, users, next } = clientOf();
    client.connect();
    await pass();
    next('');
    const signsIn = client.reauthenticate().catch(codeOf);
    const outcome = callByName(client, 'note').catch(codeOf);
    await pass();
    client.close();
    await pass();
    expect([typeof (await signsIn), users]).toEqual(['string', []]);
    expect(await outcome).toMatch(/not_connected|cancelled/);
  });

  it('is not held back by one that was stopped by `close`', async () => {
    const { client, users, next } = clientOf();
    client.connect();
    await pass();
    next(new Promise(() => undefined));
    void client.reauthenticate().catch(codeOf);
    const outcome = callByName(client, 'note', {}, { offline: 'queue' }).catch(codeOf);
    await pass();
    client.close();
    next('bob');
    client.connect();
    await pass(5_000);
    await callByName(client satisfies RealtimeClient, 'note');
    expect([await outcome, users]).toEqual(['cancelled', ['bob']]);
  });
});
