import { once } from 'node:events';
import {
  ChannelPolicy,
  RealtimeStreams,
  type CanSubscribe,
  type ChannelContext,
  type StreamWriter,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { until } from '../support/until.js';
import { StreamClient, type StreamText } from './support/stream-text.js';

const LEASE_MS = 60_000;
const CHANNELS = [
  { name: 'logs:{id}', access: 'public', stream: true },
  { name: 'chats:{owner}:answer', stream: { cancel: 'authenticated' } },
] as const;

/** Only the owner of a chat cancels its answer. */
@ChannelPolicy('chats:{owner}:answer')
class AnswerPolicy implements CanSubscribe {
  answer: ((context: ChannelContext) => boolean) | undefined;

  canSubscribe({ principal }: ChannelContext): boolean {
    return principal?.user.userId !== 'stranger';
  }

  canCancel(context: ChannelContext): boolean {
    if (this.answer !== undefined) return this.answer(context);
    return context.principal?.user.userId === context.params['owner'];
  }
}

describe('streams of several instances', () => {
  let cluster: LinkedCluster;
  let apps: RealtimeApp[];
  let readers: StreamClient[];

  beforeEach(() => {
    cluster = new LinkedCluster();
    [apps, readers] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(readers.map((reader) => reader.close()));
    await Promise.all(apps.map((app) => app.close()));
  });

  const start = async (streams: object = {}, options: object = {}): Promise<RealtimeApp> => {
    const settings = { backend: cluster.join(), channels: [...CHANNELS], streams: { leaseMs: LEASE_MS, ...streams } };
    const app = await RealtimeApp.start({ ...settings, ...options }, { providers: [AnswerPolicy] });
    apps.push(app);
    return app;
  };
  const read = async (app: RealtimeApp, channel: string, stream?: StreamText): Promise<StreamClient> => {
    const reader = await StreamClient.open(app.url, channel, stream === undefined ? {} : { stream });
    readers.push(reader);
    return reader;
  };
  const open = ({ app }: RealtimeApp, channel = 'logs:1', options = {}): Promise<StreamWriter> =>
    app.get(RealtimeStreams).open(channel, options);

  it('end as failed when their instance shuts down, after everything written, and continue on another', async () => {
    const [here, there] = [await start(), await start()];
    const [own, other] = [await read(here, 'logs:1'), await read(there, 'logs:1')];
    const writer = await open(here);
    await writer.write('one ');
    await own.has(4);
    const ownEnd = own.client.whenClosed();
    await writer.write('two ');
    apps = [there];
    const aborted = once(writer.signal, 'abort');
    const closed = here.close();
    await aborted;
    await expect(open(here, 'logs:2')).rejects.toThrow(/shutting down/);
    expect(await other.reached('failed')).toMatchObject({ text: 'one two ', reason: 'shutdown', problems: [] });
    expect(writer.signal.reason).toMatchObject({ state: 'failed', reason: 'shutdown' });
    await expect(writer.write('late')).rejects.toMatchObject({ reason: 'shutdown' });
    expect(await writer.end()).toBe('failed');
    await closed;
    expect(await ownEnd).toMatchObject({ code: 1012 });
    const moved = await read(there, 'logs:1', own.stream);
    const next = await open(there, 'logs:1', { resume: true });
    await next.write('three');
    await next.end();
    for (const { stream } of [other, moved]) {
      await until(() => stream.state === 'done');
      expect(stream).toMatchObject({ text: 'one two three', beginnings: 1, problems: [], missing: 0 });
    }
  });

  it('that are opened while their instance shuts down end too', async () => {
    const [here, there] = [await start(), await start()];
    const opening = open(here);
    apps = [there];
    await here.close();
    expect((await opening).state).toBe('failed');
    expect(await (await read(there, 'logs:1')).reached('failed')).toMatchObject({ reason: 'shutdown' });
  });

  it('are taken over once the lease has ended, and the earlier writer is refused', async () => {
    const [here, there] = [await start(), await start()];
    const reader = await read(there, 'logs:1');
    const first = await open(here);
    await first.write('one ');
    await first.flush();
    await expect(open(there, 'logs:1', { resume: true })).rejects.toMatchObject({ code: 'conflict' });
    cluster.streams.get('logs:1')!.leaseEndsAt = 0;
    const second = await open(there, 'logs:1', { resume: true });
    expect([second.id, second.length]).toEqual([first.id, 4]);
    await first.write('late');
    await expect(first.flush()).rejects.toMatchObject({ state: 'failed', reason: 'fenced' });
    expect([first.signal.aborted, first.state, await first.end()]).toEqual([true, 'failed', 'failed']);
    await second.write('two');
    await second.end();
    expect(await reader.reached('done')).toMatchObject({ text: 'one two', beginnings: 1, problems: [] });
  });

  it('are at most as many as the instance may write, also while they are being opened', async () => {
    const app = await start({ maxOpen: 2 });
    const tries = await Promise.allSettled(['logs:1', 'logs:2', 'logs:3'].map((channel) => open(app, channel)));
    expect(tries.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(open(app, 'logs:4')).rejects.toMatchObject({ code: 'too_many' });
    await (tries[0] as PromiseFulfilledResult<StreamWriter>).value.end();
    await open(app, 'logs:4');
    await expect(open(app, 'logs:1')).rejects.toMatchObject({ code: 'too_many' });
  });

  it('are kept for the time that their writer names, after their end', async () => {
    const app = await start({ ttlMs: 5_000 });
    const lastsFor = () => cluster.streams.get('logs:1')!.endsAt - performance.now();
    const [own, usual] = [await open(app, 'logs:1', { ttlMs: 100_000_000 }), await open(app, 'logs:2')];
    expect(lastsFor()).toBeGreaterThan(90_000_000);
    await own.end();
    expect(lastsFor()).toBeGreaterThan(90_000_000);
    await usual.write('x');
    await usual.flush();
    // While it is open, it does not expire before its lease.
    expect(cluster.streams.get('logs:2')!.endsAt - performance.now()).toBeGreaterThan(LEASE_MS);
    await usual.end();
    expect(cluster.streams.get('logs:2')!.endsAt - performance.now()).toBeLessThanOrEqual(5_000);
    cluster.streams.get('logs:2')!.endsAt = 0;
    expect((await read(app, 'logs:2')).stream).toMatchObject({ id: null, state: 'none', text: '' });
  });

  it('are cancelled as the policy decides, and not as the definition says', async () => {
    const [here, there] = [await start(), await start()];
    const policy = there.app.get(AnswerPolicy);
    const channel = 'chats:ann:answer';
    const writer = await open(here, channel);
    const [ann, bob, stranger] = await Promise.all(['ann', 'bob', 'stranger'].map((sub) => there.connectAs({ sub })));
    const cancel = { type: 'stream_cancel', channel };
    expect(await bob!.ask(cancel)).toMatchObject({ code: 'forbidden' });
    expect(await stranger!.ask(cancel)).toMatchObject({ code: 'forbidden' });
    for (const answer of [() => 'yes' as never, () => Promise.reject(new Error('no database')) as never]) {
      policy.answer = answer;
      expect(await ann!.ask(cancel)).toMatchObject({ code: 'unavailable' });
    }
    policy.answer = undefined;
    expect(writer.signal.aborted).toBe(false);
    expect(await ann!.ask(cancel)).toMatchObject({ type: 'stream_cancelled', channel });
    expect(writer.signal.reason).toMatchObject({ state: 'cancelled' });
    expect(await ann!.ask(cancel)).toMatchObject({ code: 'not_found' });
    await Promise.all([ann, bob, stranger].map((client) => client!.close()));
  });

  it('cannot be cancelled if their instance does not answer, or has another writer by then', async () => {
    const [here, there] = [await start(), await start()];
    const streams = there.app.get(RealtimeStreams);
    await open(here);
    const stored = cluster.streams.get('logs:1')!;
    const { owner } = stored;
    stored.owner = 'an instance that was killed';
    expect(await streams.cancel('logs:1')).toBe('unavailable');
    stored.owner = owner;
    expect(await streams.cancel('logs:1')).toBe('cancelled');
    expect(await streams.cancel('logs:1')).toBe('not_found');
    expect(await streams.cancel('logs:2')).toBe('not_found');
  });

  it('skip what a client does not read, and do not close it', async () => {
    const app = await start({ maxBytes: 262_144 }, { maxBufferedBytes: 65_536 });
    const reader = await read(app, 'logs:1');
    const token = signToken({ sub: 'quick' });
    const quick = await StreamClient.open(app.url, 'logs:1', { token });
    readers.push(quick);
    const writer = await open(app);
    await writer.write('begin');
    await reader.has(5);
    reader.client.socket.pause();
    const [paused] = [...app.registry.all()];
    const isFull = (): boolean => paused!.sendBuffer.bufferedBytes > 65_536 / 4;
    // The system buffers some megabytes for a connection. Then the stream grows by twice of what is kept.
    for (let left = 8; left > 0; left -= isFull() ? 1 : 0) {
      await writer.write('x'.repeat(65_536));
      await quick.has(writer.length);
    }
    reader.client.socket.resume();
    await reader.has(writer.length);
    await writer.end();
    const { missing, text, problems } = await reader.reached('done');
    expect(missing).toBeGreaterThan(0);
    expect([missing + text.length, problems]).toEqual([writer.length, []]);
    expect(await quick.reached('done')).toMatchObject({ missing: 0, problems: [] });
  });
});
