import { framesOf, offlineConnection, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { eventBody, formatPosition, type Position } from '../../protocol/index.js';
import { StateFields } from '../channels/fields/state-fields.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import type { ReadResult } from '../broker/broker.js';
import { ChannelStream } from './channel-stream.js';
import { FanOut } from './fan-out.js';
import { Feeds } from './feeds.js';
import { SharedReads } from './shared-reads.js';
import type { ChannelState } from './state-source.js';

const LIMITS = { maxEvents: 100, maxBytes: 100_000 };
const FIELDS = StateFields.ofState(class Board {});
const turn = (): Promise<void> => new Promise(setImmediate);

/** A channel whose log can begin a new epoch, and an instance with one client of its state. */
class Channel {
  readonly counters = new Counters();
  readonly registry = new ConnectionRegistry(this.counters);
  readonly fanOut = new FanOut(this.registry, this.counters);
  readonly connection: OfflineConnection = offlineConnection(null, { counters: this.counters });
  readonly stream: ChannelStream;
  readonly feeds: Feeds;
  readonly subscription: Subscription;
  bodies: string[] = [];
  epoch = 'e';
  /** The searches for the state that wait for an answer. */
  readonly asked: ((state: ChannelState | null) => void)[] = [];

  constructor() {
    const read = (_topic: string, after: Position): Promise<ReadResult> => Promise.resolve(this.after(after));
    const reads = new SharedReads({ read, page: () => Promise.reject(new Error('never')) }, LIMITS);
    this.feeds = new Feeds(this.registry, this.fanOut, reads, LIMITS, this.counters, () => this.stream);
    this.feeds.states = { current: () => new Promise((resolve) => this.asked.push(resolve)), sent: () => undefined };
    const { feeds, fanOut } = this;
    this.stream = new ChannelStream(
      'c',
      { read },
      LIMITS,
      {
        deliver: (topic, frame) => {
          feeds.beforePatch(topic, frame);
          fanOut.deliver(topic, frame);
        },
        reset: (topic, reason, _top, from) => feeds.resyncAll(topic, reason, from),
      },
      FIELDS,
    );
    this.stream.opened({ epoch: 'e', offset: 0 });
    this.subscription = this.registry.subscribe(this.connection, 'c');
    this.subscription.state = true;
  }

  get top(): Position {
    return { epoch: this.epoch, offset: this.bodies.length };
  }

  publish(data: object, hints?: string): void {
    this.bodies.push(eventBody('c', JSON.stringify(data), '2026-01-01T12:00:00.000Z'));
    this.stream.receive({ position: this.top, body: this.bodies.at(-1)!, ...(hints !== undefined && { hints }) });
  }

  /** Loses events, as a restarted server does. */
  lose(kept: number): void {
    this.bodies = this.bodies.slice(0, kept);
    this.epoch += '2';
    this.stream.check(this.top, undefined);
  }

  /** Answers the first search with the state at a position. */
  answer(position: Position, parts = 1): void {
    const frame = (part: number): Buffer =>
      Buffer.from(`{"type":"state","id":"${formatPosition(position)}","part":${part}}`);
    this.asked.shift()?.({ position, framesFor: () => Array.from({ length: parts }, (_, index) => frame(index + 1)) });
  }

  get seen(): string[] {
    return framesOf(this.connection).map(({ type, id }) => `${String(type)} ${String(id)}`);
  }

  private after({ epoch, offset }: Position): ReadResult {
    const { top } = this;
    if (epoch !== top.epoch) return { ok: false, reason: 'unproven', top };
    const events = this.bodies
      .slice(offset)
      .map((body, index) => ({ position: { epoch, offset: offset + index + 1 }, body }));
    return { ok: true, events, top };
  }
}

describe('StateFeed', () => {
  let channel: Channel;
  beforeEach(() => {
    channel = new Channel();
  });

  it('sends the events after the position of the state, and then live ones', async () => {
    channel.publish({ set: { '/a': 1 } });
    await turn();
    channel.feeds.sendState(channel.subscription);
    channel.publish({ set: { '/a': 2 } });
    await turn();
    channel.answer({ epoch: 'e', offset: 1 });
    await turn();
    channel.publish({ set: { '/a': 3 } });
    await turn();
    expect(channel.seen).toEqual(['event e-1', 'state e-1', 'event e-2', 'event e-3']);
    expect([channel.subscription.feed, channel.subscription.stateDue]).toEqual([null, false]);
  });

  it('does not end a state that was lost while it was sent', async () => {
    channel.publish({ set: { '/a': 1 } });
    channel.feeds.sendState(channel.subscription);
    channel.lose(0);
    await turn();
    channel.answer({ epoch: 'e', offset: 1 });
    await turn();
    channel.answer({ epoch: 'e2', offset: 0 });
    await turn();
    expect(channel.seen.slice(-2)).toEqual(['state e-1', 'state e2-0']);
    expect(channel.subscription.feed).toBe(null);
  });

  it('sends no part of an outdated state after a newer one began', async () => {
    const { transport } = channel.connection;
    channel.feeds.sendState(channel.subscription);
    transport.reads = false;
    transport.bufferedBytes = 900_000;
    channel.answer({ epoch: 'e', offset: 0 }, 3);
    await turn();
    channel.feeds.sendState(channel.subscription);
    channel.answer({ epoch: 'e', offset: 0 }, 2);
    await turn();
    [transport.reads, transport.bufferedBytes] = [true, 0];
    channel.connection.sendBuffer.send('{"type":"pong"}');
    transport.drain();
    await turn();
    const parts = framesOf(channel.connection).filter(({ type }) => type === 'state');
    expect(parts.map(({ part }) => part)).toEqual([1, 2]);
  });

  it('replaces a change that is not in its event by the state', async () => {
    channel.publish({ reload: true });
    await turn();
    channel.answer({ epoch: 'e', offset: 1 });
    await turn();
    expect(channel.seen).toEqual(['state e-1']);
  });

  it('sends no event that waited for a slow client after the state', async () => {
    const { transport } = channel.connection;
    [transport.reads, transport.bufferedBytes] = [false, 20_000];
    channel.publish({ set: { '/a': 1 } }, 'conflate=k');
    await turn();
    channel.publish({ reload: true });
    await turn();
    channel.answer({ epoch: 'e', offset: 2 });
    await turn();
    transport.drain();
    expect(channel.seen).toEqual(['state e-2']);
  });

  it('sends no event that waited for a slow client after a notice of lost continuity', async () => {
    const { transport } = channel.connection;
    channel.subscription.state = false;
    [transport.reads, transport.bufferedBytes] = [false, 20_000];
    channel.publish({ set: { '/a': 1 } }, 'conflate=k');
    await turn();
    channel.lose(0);
    await turn();
    transport.drain();
    expect(channel.seen).toEqual(['resync undefined']);
  });

  it.each([
    ['a change that is not in its event', () => channel.publish({ reload: true })],
    ['lost continuity', () => channel.lose(0)],
  ])('sends the state after a pause that began before the notice of %s', async (_what, change) => {
    // With many connections, the notices are spread over time.
    Object.defineProperty(channel.registry, 'size', { value: 1_000_000 });
    change();
    await turn();
    channel.feeds.pause(channel.subscription);
    channel.feeds.resume(channel.subscription);
    await turn();
    channel.answer(channel.top);
    await turn();
    expect(channel.seen).toEqual([`state ${formatPosition(channel.top)}`]);
  });

  it('sends nothing while it is paused, and the state afterwards', async () => {
    channel.feeds.sendState(channel.subscription);
    channel.feeds.pause(channel.subscription);
    channel.answer({ epoch: 'e', offset: 0 });
    await turn();
    expect(channel.seen).toEqual([]);
    channel.feeds.resume(channel.subscription);
    channel.answer({ epoch: 'e', offset: 0 });
    await turn();
    expect(channel.seen).toEqual(['state e-0']);
  });

  it('keeps a need for the state that begins during a pause', async () => {
    channel.feeds.pause(channel.subscription);
    channel.feeds.sendState(channel.subscription);
    expect([channel.subscription.isPaused, channel.asked.length]).toEqual([true, 0]);
    channel.feeds.resume(channel.subscription);
    channel.answer({ epoch: 'e', offset: 0 });
    await turn();
    expect(channel.seen).toEqual(['state e-0']);
  });
});
