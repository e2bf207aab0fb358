import { framesOf, offlineConnection, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { Counters } from '../observability/counters.js';
import { MAX_BAD_FRAMES_PER_MINUTE } from './connection.js';
import { RunningMessage } from './running-message.js';

describe('Connection', () => {
  let counters: Counters;
  let connection: OfflineConnection;

  beforeEach(() => {
    counters = new Counters();
    connection = offlineConnection(null, { counters, since: 1_000 });
  });

  it('starts alive, without a requirement to authenticate, and expects its first heartbeat after an interval', () => {
    const { alive, awaitsAuth, closing, closeReason, heartbeatAt, messages, refusedAuths, unpaidBytes } = connection;
    expect({ alive, awaitsAuth, closing, closeReason, heartbeatAt }).toEqual({
      ...{ alive: true, awaitsAuth: false, closing: false, closeReason: null, heartbeatAt: 26_000 },
    });
    expect([messages, refusedAuths, unpaidBytes, connection.authEpoch]).toEqual([0, 0, 0, 0]);
    connection.authDeadline = 2_000;
    expect(connection.awaitsAuth).toBe(true);
  });

  it('tolerates a hundred invalid frames within a minute', () => {
    expect(MAX_BAD_FRAMES_PER_MINUTE).toBe(100);
    const isClosed = (now: number): boolean => connection.badFrames.isExceeded(now);
    expect(Array.from({ length: 100 }, () => isClosed(0))).not.toContain(true);
    expect([isClosed(59_999), isClosed(120_000)]).toEqual([true, false]);
  });

  it('allows a burst of twice its rate of frames', () => {
    const { rate } = offlineConnection(null, { framesPerSecond: 2, since: 1_000 });
    expect([1, 2, 3, 4, 5].map(() => rate.take(1_000))).toEqual([true, true, true, true, false]);
  });

  it('sends a frame with its ref and timestamp, and counts it', () => {
    connection.send({ type: 'error', code: 'internal', message: 'm' }, 'r1');
    connection.send({ type: 'pong' });
    const [first, second] = framesOf(connection);
    expect(first).toEqual({
      type: 'error',
      code: 'internal',
      message: 'm',
      ref: 'r1',
      timestamp: first?.['timestamp'],
    });
    expect(new Date(String(first?.['timestamp'])).toISOString()).toBe(first?.['timestamp']);
    expect(second).not.toHaveProperty('ref');
    expect([counters.framesSent.get('error'), counters.errorsSent.get('internal')]).toEqual([1, 1]);
  });

  it('charges replies to the client, but not frames that the server sends without a request', () => {
    connection.send({ type: 'pong' });
    const bytes = String(connection.transport.sent[0]).length;
    expect(connection.unpaidBytes).toBe(bytes);
    connection.answer(Buffer.alloc(100));
    expect(connection.unpaidBytes).toBe(bytes + 100);
    connection.reply('history', '"events":[]', 'r1');
    const reply = String(connection.transport.sent.at(-1));
    expect(JSON.parse(reply)).toMatchObject({ type: 'history', events: [], ref: 'r1' });
    expect([connection.unpaidBytes, counters.framesSent.get('history')]).toEqual([bytes + 100 + reply.length, 1]);
    connection.unpaidBytes = bytes + 100;
    connection.send({ type: 'reconnect', afterMs: 1 });
    connection.send({ type: 'resync', channel: 'c', reason: 'no_history' });
    expect(connection.unpaidBytes).toBe(bytes + 100);
    expect(connection.transport.sent).toHaveLength(5);
  });

  it('is reported as slow once more bytes wait than its limit', () => {
    const slow: unknown[] = [];
    const reading = offlineConnection(null, { maxBufferedBytes: 10, onSlow: (one) => void slow.push(one) });
    reading.transport.reads = false;
    reading.send({ type: 'pong' });
    expect(slow).toEqual([]);
    reading.send({ type: 'pong' });
    expect(slow).toEqual([reading]);
  });

  describe('with messages of the application', () => {
    it('sends the data as JSON, if there is any, and counts them', () => {
      connection.sendMessage('say "hi"', '{"a":1}', 'r1');
      connection.sendMessage('empty', undefined);
      expect(framesOf(connection)).toEqual([
        { type: 'say "hi"', data: { a: 1 }, ref: 'r1', timestamp: expect.any(String) },
        { type: 'empty', timestamp: expect.any(String) },
      ]);
      expect(counters.framesSent.get('application')).toBe(2);
    });

    it('removes __proto__, which code of a client could copy', () => {
      connection.sendMessage('x', '{"__proto__":{"isAdmin":true},"a":1}');
      expect(connection.transport.sent[0]).toContain('"data":{"a":1}');
      expect(connection.transport.sent[0]).not.toContain('__proto__');
    });

    it('has the ref of the message that is being handled, until it is abandoned', () => {
      const message = new RunningMessage(connection, 'rename', 'r1', 0);
      connection.emit('a', 1);
      message.run(() => connection.emit('b', 2));
      message.abandon();
      message.run(() => connection.emit('c', 3));
      expect(framesOf(connection).map(({ type, data, ref }) => [type, data, ref])).toEqual([
        ['a', 1, undefined],
        ['b', 2, 'r1'],
        ['c', 3, undefined],
      ]);
    });

    it('sends an exception as an error, without details that belong in the log only', () => {
      const message = new RunningMessage(connection, 'rename', 'r1', 0);
      const [forbidden, list] = ['Forbidden resource', ['name must be a string']];
      message.run(() => {
        for (const payload of [forbidden, list, new Error('secret')]) connection.emit('exception', payload);
      });
      const timestamp = expect.any(String);
      expect(framesOf(connection)).toEqual([
        { type: 'error', code: 'forbidden', message: 'Not allowed to send "rename"', ref: 'r1', timestamp },
        {
          ...{ type: 'error', code: 'invalid_message', message: 'The data is not valid', ref: 'r1', timestamp },
          details: [{ field: 'data', message: 'name must be a string' }],
        },
        { type: 'error', code: 'internal', message: 'Internal error', ref: 'r1', timestamp },
      ]);
      message.abandon();
      message.run(() => connection.emit('exception', 'late'));
      connection.emit('exception', 'Forbidden');
      expect(framesOf(connection).slice(3)).toMatchObject([{ message: 'Not allowed to send this message' }]);
    });
  });

  describe('close', () => {
    it('closes once, with the first reason', () => {
      connection.close('accessRevoked', 'ops');
      connection.close('slowConsumer');
      expect(connection.transport.closes).toEqual([[4403, 'access was revoked']]);
      expect([connection.closing, connection.closeReason, connection.closedBy]).toEqual([true, 'accessRevoked', 'ops']);
    });

    it.each<[number | undefined, string | undefined, number, string]>([
      [undefined, undefined, 1000, ''],
      [4999, 'bye', 4999, 'bye'],
      [3000, 'é'.repeat(61), 3000, 'é'.repeat(61)],
      [1003, 'x'.repeat(123), 1003, 'x'.repeat(123)],
    ])('takes a code of the application: %s %s', (code, about, sentCode, sentReason) => {
      if (code === undefined) connection.close();
      else connection.close(code, about);
      expect(connection.transport.closes).toEqual([[sentCode, sentReason]]);
      expect([connection.closeReason, connection.closedBy]).toEqual([null, 'application']);
    });

    it.each([1000, 1003, 1007, 1014, 3000, 4999])('allows the code %i', (code) => {
      connection.close(code);
      expect(connection.closing).toBe(true);
    });

    it.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 3000.5, 1001.5, NaN])(
      'rejects the code %d, and stays open',
      (code) => {
        expect(() => connection.close(code)).toThrow(`The close code ${code} is not allowed`);
        expect([connection.closing, connection.transport.closes]).toEqual([false, []]);
      },
    );

    it('rejects a name that is not in the catalogue, and a reason of more than 123 bytes', () => {
      expect(() => connection.close('toString' as 'internal')).toThrow(RangeError);
      expect(() => connection.close(4000, 'x'.repeat(124))).toThrow('at most 123 bytes');
      expect(() => connection.close(4000, 'é'.repeat(62))).toThrow('at most 123 bytes');
      expect(connection.closing).toBe(false);
    });

    it('sends nothing afterwards', () => {
      connection.close('internal');
      connection.send({ type: 'pong' });
      connection.sendMessage('x', '1');
      expect(connection.transport.sent).toEqual([]);
    });
  });
});
