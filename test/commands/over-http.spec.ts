import { NotFoundException } from '@nestjs/common';
import { IsString } from 'class-validator';
import { Call, Command, EventsPublisher, Input, RealtimeCommands, type CommandCall } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';

class Rename {
  @IsString()
  name!: string;
}

let ran = 0;
/** Calls that wait, by command. */
const waiting = new Map<string, { readonly signal: AbortSignal; readonly end: (value: string) => void }>();

const wait = (name: string, signal: AbortSignal): Promise<string> =>
  new Promise((end) => {
    waiting.set(name, { signal, end });
  });

@RealtimeCommands()
class AppsCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('apps.rename', { input: Rename })
  async rename(@Input() { name }: Rename): Promise<string> {
    ran += 1;
    if (name === 'missing') throw new NotFoundException('App not found');
    await this.events.emit('apps:updated', { id: '1', name });
    return name;
  }

  @Command('bug')
  bug(): never {
    throw new Error('a secret');
  }

  @Command('guess', { anonymous: true })
  guess(@Input() guess: string): string {
    return guess;
  }

  @Command('look', { once: false })
  look(@Call() { signal }: CommandCall): Promise<string> {
    return wait('look', signal);
  }

  @Command('change')
  change(@Call() { signal }: CommandCall): Promise<string> {
    return wait('change', signal);
  }

  @Command('hello', { anonymous: true, once: false })
  hello(): string {
    return 'hello';
  }
}

describe.each(['express', 'fastify'] as const)('commands over HTTP with %s', (http) => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { providers: [AppsCommands], http });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    ran = 0;
    waiting.clear();
  });

  const call = async (name: string, body?: unknown, token: string | null = signToken({ sub: 'ann' })) => {
    const response = await fetch(`${app.http}/realtime/commands/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  };

  it('answer the result and its effects, once for each id', async () => {
    const id = `${http}-1`;
    const first = await call('apps.rename', { callId: id, data: { name: 'a' } });
    expect(first).toEqual({
      ...{ status: 200, callId: id, data: 'a' },
      effects: [{ channel: 'apps:updated', id: expect.any(String) }],
    });
    expect(await call('apps.rename', { callId: id, data: { name: 'b' } })).toEqual(first);
    // The same call over a connection.
    const client = await app.connectAs({ sub: 'ann' });
    expect(await client.ask({ type: 'call', name: 'apps.rename', callId: id })).toMatchObject({ data: 'a' });
    await client.close();
    expect(ran).toBe(1);
    expect(await call('apps.rename', { data: { name: 'c' } })).toMatchObject({
      callId: expect.stringMatching(/^[\w-]{36}$/),
    });
    expect(ran).toBe(2);
  });

  it('answer errors with their status, code and details', async () => {
    expect(await call('apps.rename', { data: { name: 1, x: 2 } })).toMatchObject({
      ...{ status: 400, code: 'invalid_message' },
      details: [{ field: 'data.x' }, { field: 'data.name' }],
    });
    expect(await call('apps.rename', { data: { name: 'missing' } })).toMatchObject({
      ...{ status: 404, code: 'not_found', message: 'App not found', callId: expect.any(String) },
    });
    expect(await call('unknown', {})).toMatchObject({ status: 404, message: 'Unknown command' });
    expect(await call('bug', {})).toMatchObject({ status: 500, code: 'internal', message: 'Internal error' });
    expect(await call('apps.rename', { call: 'x' })).toMatchObject({ status: 400 });
    expect(await call('apps.rename', { callId: 'a b' })).toMatchObject({ status: 400 });
    expect(await call('apps.rename', '[')).toMatchObject({ status: 400 });
    expect(await call('apps.rename', { data: 'x'.repeat(70_000) })).toMatchObject({ status: 413 });
  });

  it('are aborted when their request ends, if they only read', async () => {
    const leaving = new AbortController();
    const requests = ['look', 'change'].map((name) =>
      fetch(`${app.http}/realtime/commands/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${signToken({ sub: 'ann' })}` },
        body: JSON.stringify({ callId: `left-${http}` + name }),
        signal: leaving.signal,
      }),
    );
    await until(() => waiting.size === 2);
    leaving.abort();
    await Promise.allSettled(requests);
    await until(() => waiting.get('look')!.signal.aborted);
    expect(waiting.get('change')!.signal.aborted).toBe(false);
    waiting.get('change')!.end('changed');
    expect(await call('change', { callId: `left-${http}change` })).toMatchObject({ status: 200, data: 'changed' });
  });

  it('are for the callers of the command', async () => {
    expect(await call('apps.rename', { data: { name: 'a' } }, null)).toMatchObject({ status: 401 });
    expect(await call('apps.rename', { data: { name: 'a' } }, 'no token')).toMatchObject({ status: 401 });
    expect(await call('hello', {}, null)).toMatchObject({ status: 200, data: 'hello' });
    // The address of two visitors can be the same.
    for (const data of ['of one visitor', 'of another']) {
      expect(await call('guess', { callId: '1', data }, null)).toMatchObject({ status: 200, data });
    }
    expect(ran).toBe(0);
  });
});

it('is off if the option says so', async () => {
  const app = await RealtimeApp.start({ commands: { http: false } }, { providers: [AppsCommands] });
  const { status } = await fetch(`${app.http}/realtime/commands/hello`, { method: 'POST' });
  expect(status).toBe(404);
  await app.close();
});
