import type { FakeServerOptions } from '../../testing/index.js';
import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import type { RealtimeClientOptions } from '../index.js';
import { openStream, type RealtimeStream, type StreamPart } from './index.js';

const LOG = 'deployments:7:log';

describe('openStream', () => {
  const begin = virtualClients();
  const start = (options: FakeServerOptions = {}, client: Partial<RealtimeClientOptions> = {}) =>
    begin({ minDelayMs: 100, ...client }, { streams: ['deployments:{id}:log', 'deployments:{id}:steps'], ...options });

  /** Reads all parts in the background. */
  function reading(stream: RealtimeStream) {
    const parts: StreamPart[] = [];
    const outcome = { value: 'reading' };
    const read = async (): Promise<void> => {
      for await (const part of stream) parts.push(part);
    };
    read().then(
      () => (outcome.value = 'ended'),
      (error: { code: string; message: string }) => (outcome.value = `${error.code}: ${error.message}`),
    );
    return { parts, outcome, text: () => parts.map(({ text }) => text).join('') };
  }

  it('reads what is there, what is added, and the end with its result', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    writer.write('building…\n');
    const log = openStream(client, LOG);
    expect(log.getSnapshot()).toEqual({ text: '', items: [], state: 'loading', gaps: [] });
    const read = reading(log);
    await pass();
    expect(log.getSnapshot()).toEqual({ text: 'building…\n', items: [], state: 'open', gaps: [] });
    writer.write('done\n');
    writer.end({ exitCode: 0 });
    await pass();
    expect(log.getSnapshot()).toEqual({
      text: 'building…\ndone\n',
      items: [],
      state: 'done',
      result: { exitCode: 0 },
      gaps: [],
    });
    expect([read.text(), read.outcome.value]).toEqual(['building…\ndone\n', 'ended']);
    log.close();
  });

  it('keeps a snapshot until something changes', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    await pass();
    const first = log.getSnapshot();
    expect(log.getSnapshot()).toBe(first);
    writer.write('more');
    await pass();
    expect(log.getSnapshot()).not.toBe(first);
    expect(first.text).toBe('');
  });

  it('waits for a stream that is not open yet', async () => {
    const { client, server } = start();
    const log = openStream(client, LOG);
    await pass();
    expect(log.getSnapshot().state).toBe('none');
    const writer = server.openStream(LOG);
    await pass();
    expect(log.getSnapshot().state).toBe('open');
    writer.write('now');
    await pass();
    expect(log.getSnapshot()).toMatchObject({ text: 'now', state: 'open' });
  });

  it('resumes after a break from its position, in bytes', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    writer.write('größer 🙂');
    await pass();
    server.cut();
    writer.write(' und weiter');
    await pass(1_000);
    expect(log.getSnapshot()).toMatchObject({ text: 'größer 🙂 und weiter', gaps: [] });
    expect(server.connections[1]?.received.at(-1)).toMatchObject({
      targets: [{ channel: LOG, stream: { at: 13, id: expect.any(String) as string } }],
    });
  });

  it('learns of an end that it missed, and of nothing else', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    writer.write('all');
    await pass();
    server.cut();
    writer.end('fine');
    await pass(1_000);
    expect(log.getSnapshot()).toMatchObject({ text: 'all', state: 'done', result: 'fine' });
    server.cut();
    await pass(1_000);
    expect(log.getSnapshot()).toMatchObject({ text: 'all', state: 'done', result: 'fine' });
  });

  it('keeps an ended stream that the server has removed', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    writer.write('all');
    writer.end();
    await pass();
    server.forgetStream(LOG);
    server.cut();
    await pass(1_000);
    expect(log.getSnapshot()).toMatchObject({ text: 'all', state: 'done' });
  });

  it('starts over with another stream of the channel, and says so in the loop', async () => {
    const { client, server } = start();
    const first = server.openStream(LOG);
    const log = openStream(client, LOG);
    const read = reading(log);
    first.write('old');
    await pass();
    server.forgetStream(LOG);
    server.openStream(LOG).write('new');
    await pass();
    expect(log.getSnapshot()).toEqual({ text: 'new', items: [], state: 'open', gaps: [] });
    expect(read.parts).toEqual([
      { text: 'old', items: [] },
      { text: 'new', items: [], restarted: true },
    ]);
  });

  it('reports no restart to a loop that began after it', async () => {
    const { client, server } = start();
    const log = openStream(client, LOG);
    server.openStream(LOG).write('old');
    await pass();
    server.forgetStream(LOG);
    const writer = server.openStream(LOG);
    await pass();
    const read = reading(log);
    writer.write('new');
    await pass();
    expect(read.parts).toEqual([{ text: 'new', items: [] }]);
  });

  it('ends the loop over a stream that failed with its reason', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    writer.write('some');
    writer.fail('out of memory');
    const read = reading(log);
    await pass();
    expect(log.getSnapshot()).toMatchObject({ text: 'some', state: 'failed', reason: 'out of memory' });
    expect([read.text(), read.outcome.value]).toEqual(['some', 'interrupted: out of memory']);
  });

  it('continues with a stream that failed, if another writer continues it', async () => {
    const { client, server } = start();
    const first = server.openStream(LOG);
    const log = openStream(client, LOG);
    first.write('one ');
    first.fail();
    await pass();
    server.openStream(LOG, { resume: true }).write('two');
    await pass();
    expect(log.getSnapshot()).toEqual({ text: 'one two', items: [], state: 'open', gaps: [] });
  });

  it('reports bytes that the server had dropped, and those that a slow reader skipped', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG, { maxBytes: 10 });
    for (const text of ['12345', '67890', 'abcde']) writer.write(text);
    const log = openStream(client, LOG);
    const read = reading(log);
    await pass();
    server.pauseStream(LOG, true);
    for (const text of ['fghij', 'klmno', 'pqrst']) writer.write(text);
    await pass();
    server.pauseStream(LOG, false);
    await pass();
    expect(log.getSnapshot()).toMatchObject({
      text: '67890abcdeklmnopqrst',
      gaps: [
        { index: 0, bytes: 5 },
        { index: 10, bytes: 5 },
      ],
    });
    expect(read.parts).toEqual([
      { text: '67890abcde', items: [], missed: 5 },
      { text: 'klmnopqrst', items: [], missed: 5 },
    ]);
  });

  it('ignores repetitions, and cuts those that overlap', async () => {
    const { client, server } = start();
    server.openStream(LOG);
    const log = openStream(client, LOG);
    await pass();
    const send = (at: number, next: number, text: string): void =>
      server.open[0]!.sendText(JSON.stringify({ type: 'stream', channel: LOG, at, next, text }));
    send(0, 5, 'äöa');
    send(0, 5, 'äöa');
    send(2, 7, 'öabc');
    send(4, 6, 'ab');
    await pass();
    expect(log.getSnapshot()).toMatchObject({ text: 'äöabc', gaps: [] });
  });

  it('subscribes again from its position if an overlap cannot be cut', async () => {
    const { client, server, errors } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    writer.write('a');
    await pass();
    server.open[0]!.sendText(JSON.stringify({ type: 'stream', channel: LOG, at: 0, next: 3, text: 'ä?' }));
    writer.write('bc');
    await pass();
    expect(log.getSnapshot().text).toBe('abc');
    expect(server.open[0]?.received.map(({ type }) => type)).toEqual(['subscribe', 'subscribe']);
    expect(errors).toEqual([]);
  });

  it('reads lines of JSON as values', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG, { lines: true });
    const log = openStream(client, LOG);
    const read = reading(log);
    writer.write({ step: 1 });
    await pass();
    server.cut();
    writer.write({ step: 2 });
    writer.end();
    await pass(1_000);
    expect(log.getSnapshot()).toMatchObject({ text: '', items: [{ step: 1 }, { step: 2 }], state: 'done' });
    expect(read.parts.flatMap(({ items }) => items)).toEqual([{ step: 1 }, { step: 2 }]);
    const before = { type: 'stream', channel: LOG, at: 0, next: 33, items: [{ step: 1 }, { step: 2 }, { step: 3 }] };
    server.open[0]!.sendText(JSON.stringify(before));
    await pass();
    expect(log.getSnapshot().items).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
  });

  it('shares one subscription and one content between all uses of a channel', async () => {
    const { client, server } = start();
    server.openStream(LOG).write('text');
    const one = openStream(client, LOG);
    await pass();
    const other = openStream(client, LOG);
    expect(other.getSnapshot()).toBe(one.getSnapshot());
    one.close();
    one.close();
    await pass();
    expect(other.getSnapshot().text).toBe('text');
    other.close();
    await pass();
    expect(server.open[0]?.received.map(({ type }) => type)).toEqual(['subscribe', 'unsubscribe']);
    expect([...server.open[0]!.subscriptions]).toEqual([]);
    expect(other.getSnapshot()).toMatchObject({ text: '', state: 'loading' });
  });

  it('ignores frames of a subscription that it has left', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const first = openStream(client, LOG);
    writer.write('12345');
    await pass();
    const { open } = server;
    const held: string[] = [];
    const deliver = open[0]!.sendText.bind(open[0]);
    open[0]!.sendText = (text) => void held.push(text);
    writer.write('678');
    await pass();
    first.close();
    await pass();
    const second = openStream(client, LOG);
    await pass();
    open[0]!.sendText = deliver;
    held.forEach(deliver);
    await pass();
    expect(second.getSnapshot()).toMatchObject({ text: '12345678', gaps: [] });
  });

  it('drops the text when the client continues as another user', async () => {
    let user = 'ada';
    const { client, server } = start({}, { getToken: () => user });
    const writer = server.openStream(LOG);
    writer.write('secret of ada');
    const log = openStream(client, LOG);
    await pass();
    server.isDown = true;
    user = 'bob';
    void client.reauthenticate().catch(() => undefined);
    await pass();
    expect(log.getSnapshot()).toMatchObject({ text: '', state: 'loading' });
    server.isDown = false;
    server.forgetStream(LOG);
    await pass(5_000);
    expect(log.getSnapshot()).toMatchObject({ text: '', state: 'none' });
  });

  it('reads the stream from its beginning for another user, who comes with the next connection', async () => {
    let user = 'ada';
    const { client, server } = start({}, { getToken: () => user });
    server.openStream(LOG).write('for both');
    const log = openStream(client, LOG);
    await pass();
    user = 'bob';
    server.close(4401);
    await pass(5_000);
    expect(client.identity?.user?.userId).toBe('bob');
    expect(log.getSnapshot()).toMatchObject({ text: 'for both', gaps: [] });
  });

  it('calls listeners at once when it drops the text, not after the frame', async () => {
    let user = 'ada';
    const { client, server } = start({}, { getToken: () => user });
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    let shown = '';
    log.subscribe(() => (shown = log.getSnapshot().text));
    await pass(100);
    writer.write('secret of ada');
    await pass(); // calls the listener now, and not again within the frame
    expect(shown).toBe('secret of ada');
    server.isDown = true;
    user = 'bob';
    void client.reauthenticate().catch(() => undefined);
    await pass();
    expect(shown).toBe('');
  });

  it('shows a refusal, and continues once the user is allowed', async () => {
    let isAllowed = false;
    const { client, server } = start({ refuse: () => (isAllowed ? null : 'forbidden') }, { getToken: () => 'ada' });
    server.openStream(LOG).write('text');
    const log = openStream(client, LOG);
    const read = reading(log);
    await pass();
    expect(log.getSnapshot()).toMatchObject({ state: 'refused', error: { code: 'forbidden' } });
    expect(read.outcome.value).toMatch(/^forbidden/);
    isAllowed = true;
    client.channel<string>(LOG).retry();
    await pass();
    expect(log.getSnapshot()).toMatchObject({ text: 'text', state: 'open' });
    expect(log.getSnapshot().error).toBeUndefined();
  });

  it('refuses a channel that is not a stream', async () => {
    const { client } = start();
    const log = openStream(client, 'apps:created');
    await pass();
    expect(log.getSnapshot()).toMatchObject({ state: 'refused', error: { code: 'stream_disabled' } });
    expect(() => openStream(client, 'not a channel')).toThrow('is not the name of a channel');
  });

  it('cancels, and reports the refusal of a cancel', async () => {
    let isAllowed = false;
    const { client, server } = start({ refuseCancel: () => (isAllowed ? null : 'forbidden') });
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    const read = reading(log);
    await pass();
    const refused = log.cancel().catch(({ code }: { code: string }) => code);
    await pass();
    expect([await refused, writer.signal.aborted]).toEqual(['forbidden', false]);
    isAllowed = true;
    await Promise.all([log.cancel(), pass()]);
    expect([writer.signal.aborted, log.getSnapshot().state]).toEqual([true, 'cancelled']);
    expect(read.outcome.value).toMatch(/^cancelled/);
    const late = log.cancel().catch(({ code }: { code: string }) => code);
    await pass();
    expect(await late).toBe('not_found');
  });

  it('ends loops with the use, and when the client is closed', async () => {
    const { client, server } = start();
    server.openStream(LOG).write('text');
    const [one, other] = [openStream(client, LOG), openStream(client, LOG)];
    const [first, second] = [reading(one), reading(other)];
    await pass();
    one.close();
    await pass();
    expect([first.outcome.value, second.outcome.value]).toEqual(['ended', 'reading']);
    client.close();
    await pass();
    expect(second.outcome.value).toBe('ended');
    const after = reading(one);
    await pass();
    expect([after.outcome.value, after.parts]).toEqual(['ended', []]);
  });

  it('joins parts that arrive while the loop is busy', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    const parts: string[] = [];
    const loop = (async () => {
      for await (const { text } of log) {
        parts.push(text);
        await pass();
        if (text === 'a')
          for (const more of ['b', 'c', 'd']) {
            writer.write(more);
            await pass();
          }
        if (text === 'bcd') break;
      }
    })();
    writer.write('a');
    await loop;
    expect(parts).toEqual(['a', 'bcd']);
  });

  it('calls listeners at most once per frame, and for the last change', async () => {
    const { client, server } = start();
    const writer = server.openStream(LOG);
    const log = openStream(client, LOG);
    await pass(100);
    const seen: string[] = [];
    const stop = log.subscribe(() => seen.push(log.getSnapshot().text));
    for (let count = 0; count < 100; count += 1) {
      writer.write('.');
      await pass(1);
    }
    await pass(16);
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.length).toBeLessThan(9);
    expect(seen.at(-1)).toHaveLength(100);
    stop();
    writer.write('.');
    await pass(100);
    expect(seen.at(-1)).toHaveLength(100);
    log.close();
  });

  it('reports invalid frames, and ignores them', async () => {
    const { client, server, errors } = start();
    server.openStream(LOG).write('text');
    const log = openStream(client, LOG);
    await pass();
    const valid = { at: 4, next: 5, text: '!' };
    const wrong: object[] = [{ at: -1 }, { at: 0.5 }, { at: '4' }, { next: 3 }, { next: undefined }, { text: 5 }];
    wrong.push({ items: {} }, { state: 'lost' }, { reason: 5 }, { id: 7 });
    for (const fields of wrong) {
      server.open[0]!.sendText(JSON.stringify({ type: 'stream', channel: LOG, ...valid, ...fields }));
    }
    await pass();
    expect(errors).toEqual(wrong.map(() => 'invalid_frame'));
    expect(log.getSnapshot()).toMatchObject({ text: 'text', state: 'open' });
  });

  it('takes over a channel that is subscribed without its stream', async () => {
    const { client, server } = start({ streams: [] });
    client.channel<string>(LOG).subscribe();
    await pass();
    const log = openStream(client, LOG);
    await pass();
    expect(server.open[0]?.received.at(-1)).toMatchObject({ targets: [{ channel: LOG, stream: {} }] });
    expect(log.getSnapshot()).toMatchObject({ state: 'refused', error: { code: 'stream_disabled' } });
  });

  it('takes 1 MB in frames of 64 bytes in linear time, also in a loop', async () => {
    const { client, server } = start();
    server.openStream(LOG);
    const log = openStream(client, LOG);
    await pass();
    const read = reading(log);
    const before = process.cpuUsage();
    for (let at = 0; at < 1_048_576; at += 64) {
      server.open[0]!.sendText(
        JSON.stringify({ type: 'stream', channel: LOG, at, next: at + 64, text: 'x'.repeat(64) }),
      );
      if (at % 1_024 === 0) await pass();
    }
    await pass();
    expect(log.getSnapshot().text).toHaveLength(1_048_576);
    expect(read.text()).toHaveLength(1_048_576);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(6_000);
  });
});
