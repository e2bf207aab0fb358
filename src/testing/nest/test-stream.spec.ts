import type { ServerFrame, StreamFrame } from '../../protocol/index.js';
import { TestStream } from './test-stream.js';

/** A connection whose expectations do not wait. */
const READER = {
  until: (isSo: () => boolean) => Promise.resolve(isSo()),
  request: () => Promise.resolve(),
  ending: () => '',
};

const channel = 'log';
const part = (at: number, next: number, more: Partial<StreamFrame>): ServerFrame => ({
  type: 'stream',
  channel,
  at,
  next,
  ...more,
});

describe('the messages of TestStream', () => {
  let log: TestStream;

  beforeEach(() => {
    log = new TestStream(channel, READER);
  });

  it('show the state and the text', async () => {
    await expect(log.expectEnd()).rejects.toThrow('Expected that log is done; it is none, and has "".');
    log.take(part(0, 3, { id: 'a', text: 'one' }));
    await expect(log.expectText('two')).rejects.toThrow('Expected text with "two" on log; it is open, and has "one".');
    await expect(log.expectText(/two/)).rejects.toThrow('Expected text with /two/ on log');
    log.take(part(3, 3, { state: 'failed', reason: 'wind' }));
    await expect(log.expectEnd()).rejects.toThrow('Expected that log is done; it is failed (wind), and has "one".');
  });

  it('show the values, and the end of the subscription', async () => {
    log.take(part(0, 9, { id: 'a', items: [{ oar: 1 }] }));
    log.take({ type: 'unsubscribed', channel, reason: 'access_revoked', timestamp: '2026-12-01T00:00:00.000Z' });
    await expect(log.expectItem({ oar: 2 })).rejects.toThrow(
      'Expected an item on log that matches {"oar":2}; the server reports access_revoked, and it is open, and has [{"oar":1}].',
    );
  });

  it('count the bytes that did not arrive', async () => {
    log.take(part(5, 8, { id: 'a', text: 'one' }));
    log.take(part(10, 13, { text: 'two' }));
    expect([log.missed, log.text]).toEqual([7, 'onetwo']);
    const stream = { id: 'a', start: 100, next: 103, state: 'done' } as const;
    log.take({ type: 'subscribed', channel, stream, timestamp: '2026-12-01T00:00:00.000Z' });
    expect([log.missed, log.text, log.state]).toEqual([100, '', 'open']); // its rest follows
    log.take(part(100, 103, { text: 'end', state: 'done' }));
    expect([log.missed, log.text, log.state]).toEqual([100, 'end', 'done']);
    log.take(part(0, 3, { id: 'b', text: 'new' }));
    expect([log.missed, log.text]).toEqual([0, 'new']);
    await log.expectText((text) => text === 'new');
  });
});
