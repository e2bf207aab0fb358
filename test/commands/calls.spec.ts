import { setTimeout as delay } from 'node:timers/promises';
import {
  Call,
  CallStore,
  Command,
  EventsPublisher,
  Input,
  RealtimeCommands,
  type CommandCall,
} from '../../src/realtime/index.js';
import { from, type Observable } from 'rxjs';
import type { ServerFrame } from '../../src/protocol/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const CHANNELS = [
  { name: 'notes:open', access: 'authenticated' },
  { name: 'notes:secret', access: 'admin' },
  { name: 'notes:brief', access: 'authenticated', history: false },
] as const;

const RULES = {
  ...{ keepMs: 60_000, leaseMs: 1 },
  ...{ perUser: { calls: 10, bytes: 1_000 }, perTenant: { calls: 10, bytes: 1_000 } },
  maxBytes: 1_000_000,
};

const ran: string[] = [];
const stopped: string[] = [];
const waiting = new Map<string, (value: string) => void>();

const ended = async (name: string): Promise<string> =>
  new Promise((resolve) => {
    waiting.set(name, resolve);
  });

@RealtimeCommands()
class NotesCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('add')
  add(@Input() note: string): string {
    ran.push(note);
    return `added ${note}`;
  }

  @Command('wait')
  async wait(@Input() name: string, @Call() { signal }: CommandCall): Promise<string> {
    ran.push(name);
    signal.addEventListener('abort', () => void stopped.push(name));
    return ended(name);
  }

  @Command('peek', { once: false })
  async peek(@Input() name: string, @Call() { signal }: CommandCall): Promise<string> {
    ran.push(name);
    signal.addEventListener('abort', () => void stopped.push(name));
    return ended(name);
  }

  @Command('hasty', { once: false, timeoutMs: 50 })
  async *hasty(@Call() { signal }: CommandCall): AsyncGenerator<number, string> {
    for (let step = 0; step < 5_000_000; step += 1) {
      if (signal.aborted) return 'aborted';
      yield step;
    }
    return 'never aborted';
  }

  @Command('hurry', { timeoutMs: 20 })
  hurry(): Promise<string> {
    return ended('hurry');
  }

  @Command('observed', { once: false })
  async observed(): Promise<Observable<number>> {
    return from([1, 2]);
  }

  @Command('seldom', { perSecond: 1 })
  seldom(): void {}

  @Command('small', { maxBytes: 200 })
  small(): void {}

  @Command('large')
  large(): string {
    return 'x'.repeat(70_000);
  }

  @Command('emit')
  async emit(@Input() text: string): Promise<string> {
    void this.events.emit('notes:open' as never, { text } as never);
    await this.events.emitMany([
      { channel: 'notes:secret', data: { text } },
      { channel: 'notes:brief', data: { text } },
    ] as never);
    await this.events.emit('notes:open' as never, { text } as never, { conflate: 'x' }).catch(() => undefined);
    await this.events.emit('notes:open' as never, { text } as never, { except: 'some-connection' });
    await this.events.transaction(async () => {
      this.events.afterCommit('notes:open' as never, { text, late: true } as never);
      await delay(1);
    });
    return text;
  }

  @Command('steps')
  async *steps(@Input() count: number, @Call() { signal }: CommandCall): AsyncGenerator<object, string> {
    try {
      for (let step = 1; step <= count; step += 1) {
        yield { step };
        await delay(60, undefined, { signal });
      }
      return 'done';
    } finally {
      stopped.push('steps');
    }
  }
}

describe('calls', () => {
  const cluster = new LinkedCluster();
  let here: RealtimeApp;
  let there: RealtimeApp;
  let user: WsClient;
  let calls = 0;

  const newCall = (name: string, data?: unknown) => ({ type: 'call', name, callId: `c${(calls += 1)}`, data });
  const frames = (client: WsClient, id: string): ServerFrame[] =>
    client.frames.filter((frame) => 'callId' in frame && frame.callId === id);

  beforeAll(async () => {
    const options = { channels: [...CHANNELS], commands: { maxRunning: 3 } };
    const start = () => RealtimeApp.start({ ...options, backend: cluster.join() }, { providers: [NotesCommands] });
    [here, there] = [await start(), await start()];
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });
  beforeEach(async () => {
    ran.splice(0);
    stopped.splice(0);
    waiting.clear();
    user = await here.connectAs({ sub: `user${calls}` });
  });
  afterEach(() => user.close());

  describe('that are repeated', () => {
    it('get the first outcome on every instance, and run once', async () => {
      const other = await there.connectAs({ sub: `user${calls}` });
      const call = newCall('add', 'a');
      const first = await user.ask(call);
      expect(first).toMatchObject({ type: 'result', data: 'added a', callId: call.callId });
      for (const client of [user, other]) expect(await client.ask(call)).toMatchObject({ data: 'added a' });
      expect(await other.ask({ ...call, data: 'changed' })).toMatchObject({ data: 'added a' });
      expect(ran).toEqual(['a']);
      await other.close();
    });

    it('run for each user, although the ids are equal', async () => {
      const call = newCall('add', 'mine');
      const stranger = await there.connectAs({ sub: 'stranger' });
      await user.ask(call);
      await stranger.ask({ ...call, data: 'of a stranger' });
      expect(ran).toEqual(['mine', 'of a stranger']);
      await stranger.close();
    });

    it('join the running call on its instance, and are in_progress on another', async () => {
      const sub = `user${calls}`;
      const [again, other] = [await here.connectAs({ sub }), await there.connectAs({ sub })];
      const call = newCall('wait', 'joined');
      const first = user.ask(call);
      await until(() => ran.length === 1);
      const second = again.ask(call);
      expect(await other.ask(call)).toMatchObject({ code: 'in_progress', callId: call.callId });
      expect(await again.ask({ ...call, name: 'add' })).toMatchObject({ code: 'conflict' });
      waiting.get('joined')!('value');
      expect([await first, await second, await other.ask(call)]).toMatchObject([
        ...[{ data: 'value' }, { data: 'value' }, { data: 'value' }],
      ]);
      expect(ran).toEqual(['joined']);
      await Promise.all([again.close(), other.close()]);
    });

    it('get the outcome of a call whose connection was lost', async () => {
      const sub = `user${calls}`;
      const call = newCall('wait', 'lost');
      user.send(call);
      await until(() => ran.length === 1);
      const gone = here.gone(sub);
      user.terminate();
      await gone;
      waiting.get('lost')!('kept');
      const back = await there.connectAs({ sub });
      let answer = await back.ask(call);
      while ('code' in answer && answer.code === 'in_progress') answer = await back.ask(call);
      expect(answer).toMatchObject({ type: 'result', data: 'kept' });
      expect([ran, stopped]).toEqual([['lost'], []]);
      await back.close();
    });

    it('are interrupted if their instance was killed, for ever', async () => {
      const sub = `user${calls}`;
      const call = newCall('add', 'killed');
      await here.app.get(CallStore).begin({ tenant: null, owner: sub, id: call.callId }, 'dead', RULES);
      let answer = await user.ask(call);
      while ('code' in answer && answer.code === 'in_progress') answer = await user.ask(call); // its lease ends
      for (const again of [answer, await user.ask(call)]) {
        expect(again).toMatchObject({ code: 'interrupted', callId: call.callId });
      }
      expect(ran).toEqual([]);
    });

    it('are a conflict if they name another command', async () => {
      const call = newCall('add', 'first');
      await user.ask(call);
      expect(await user.ask({ ...call, name: 'small' })).toMatchObject({ code: 'conflict', callId: call.callId });
      const refused = newCall('large');
      await user.ask(refused);
      expect(await user.ask({ ...refused, name: 'add' })).toMatchObject({ code: 'conflict' });
      expect(ran).toEqual(['first']);
    });

    it('are limited while the call runs', async () => {
      const call = newCall('wait', 'flooded');
      const answers = [user.ask(call), user.ask(call), user.ask(call)];
      expect(await user.ask(call)).toMatchObject({ code: 'rate_limited', callId: call.callId });
      waiting.get('flooded')!('value');
      for (const answer of answers) expect(await answer).toMatchObject({ data: 'value' });
    });

    it('keep the refusal of their first time', async () => {
      const call = newCall('large');
      expect(await user.ask(call)).toMatchObject({ code: 'too_large' });
      expect(await user.ask(call)).toMatchObject({ code: 'too_large', callId: call.callId });
    });
  });

  describe('that end early', () => {
    it('are cancelled by their client, once and for all', async () => {
      const call = newCall('wait', 'cancelled');
      const answer = user.ask(call);
      await until(() => ran.length === 1);
      user.send({ type: 'cancel', callId: call.callId });
      expect(await answer).toMatchObject({ code: 'cancelled' });
      waiting.get('cancelled')!('too late');
      expect(await user.ask(call)).toMatchObject({ code: 'cancelled' });
      expect([ran, stopped]).toEqual([['cancelled'], ['cancelled']]);
      expect(await user.ask({ type: 'cancel', callId: call.callId })).toMatchObject({ code: 'not_found' });
    });

    it('time out', async () => {
      const call = newCall('hurry');
      expect(await user.ask(call)).toMatchObject({ code: 'timeout' });
      expect(await user.ask(call)).toMatchObject({ code: 'timeout' });
    });

    it('are aborted with their connection if they only read', async () => {
      user.send(newCall('peek', 'read'));
      user.send(newCall('wait', 'change'));
      await until(() => ran.length === 2);
      user.terminate();
      await until(() => stopped.length === 1);
      expect(stopped).toEqual(['read']);
      waiting.get('change')!('done');
    });
  });

  it('answer with the last value of an observable', async () => {
    expect(await user.ask(newCall('observed'))).toMatchObject({ data: 2 });
  });

  it('never delay other frames', async () => {
    const answer = user.ask(newCall('wait', 'slow'));
    for (let count = 0; count < 3; count += 1) expect(await user.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    expect(user.frames.filter((frame) => 'callId' in frame)).toEqual([]);
    waiting.get('slow')!('done');
    expect(await answer).toMatchObject({ data: 'done' });
  });

  it('name the events that they emitted, on channels of the caller', async () => {
    for (const channel of ['notes:open', 'notes:brief']) await user.ask({ type: 'subscribe', channel });
    const call = newCall('emit', 'text');
    const result = await user.ask(call);
    const [first, , third] = await Promise.all([
      user.next('event', ({ channel }) => channel === 'notes:open'),
      user.next('event', ({ channel }) => channel === 'notes:open'),
      user.next('event', ({ channel, data }) => channel === 'notes:open' && 'late' in (data as object)),
    ]);
    expect(result).toMatchObject({
      type: 'result',
      effects: [
        { channel: 'notes:open', id: first.id },
        { channel: 'notes:brief' },
        { channel: 'notes:open', id: third.id },
      ],
    });
    expect(first).not.toHaveProperty('cause');
    expect(await user.next('event', ({ channel }) => channel === 'notes:brief')).toMatchObject({ cause: call.callId });
    const admin = await there.connectAdmin();
    expect(await admin.ask({ ...call, callId: 'of-the-admin' })).toMatchObject({
      effects: expect.arrayContaining([{ channel: 'notes:secret', id: expect.any(String) }]),
    });
    await admin.close();
  });

  it('leave time to other work, although a generator never waits', async () => {
    expect(await user.ask(newCall('hasty'))).toMatchObject({ code: 'timeout' });
  });

  it('report progress before the result', async () => {
    const call = newCall('steps', 2);
    user.send(call);
    expect(await user.next('result')).toMatchObject({ data: 'done' });
    expect(frames(user, call.callId)).toMatchObject([
      { type: 'progress', data: { step: 1 } },
      { type: 'progress', data: { step: 2 } },
      { type: 'result', data: 'done' },
    ]);
    expect(stopped).toEqual(['steps']);
  });

  it('stop reporting when they are cancelled', async () => {
    const call = newCall('steps', 1_000);
    user.send(call);
    await user.next('progress');
    user.send({ type: 'cancel', callId: call.callId });
    expect(await user.next('error')).toMatchObject({ code: 'cancelled' });
    await until(() => stopped.includes('steps'));
    expect(frames(user, call.callId).at(-1)).toMatchObject({ code: 'cancelled' });
  });

  describe('beyond a limit', () => {
    it('of a connection are refused, and can be sent again', async () => {
      const answers = ['1', '2', '3'].map((name) => user.ask(newCall('wait', name)));
      await until(() => ran.length === 3);
      const refused = newCall('add', '4');
      expect(await user.ask(refused)).toMatchObject({ code: 'rate_limited', callId: refused.callId });
      for (const end of waiting.values()) end('done');
      await Promise.all(answers);
      expect(await user.ask(refused)).toMatchObject({ data: 'added 4' });
    });

    it('of a command are refused', async () => {
      const answers = [await user.ask(newCall('seldom')), await user.ask(newCall('seldom'))];
      expect(answers).toMatchObject([{ type: 'result' }, { type: 'result' }]);
      expect(await user.ask(newCall('seldom'))).toMatchObject({ code: 'rate_limited' });
    });

    it('of bytes are refused', async () => {
      expect(await user.ask(newCall('small', 'x'.repeat(200)))).toMatchObject({ code: 'too_large' });
      expect(await user.ask(newCall('small', 'x'))).toMatchObject({ type: 'result' });
    });
  });
});
