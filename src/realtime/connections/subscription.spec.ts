import { offlineConnection } from '../../../test/support/offline-connection.js';
import { EventFrame } from './event-frame.js';
import { CLOSED_FEED, PausedFeed, Subscription, type Feed } from './subscription.js';

const frame = new EventFrame(null, '"data":1}');

describe('Subscription', () => {
  it('ends a feed when another one replaces it, after the replacement', () => {
    const subscription = new Subscription(offlineConnection(), 'c');
    const seen: (Feed | null)[] = [];
    const feed: Feed = { ...CLOSED_FEED, end: () => void seen.push(subscription.feed) };
    expect(subscription.feed).toBeNull();
    subscription.feed = feed;
    expect(seen).toEqual([]);
    subscription.feed = null;
    expect(seen).toEqual([null]);
  });

  it('is paused while it has a PausedFeed', () => {
    const subscription = new Subscription(offlineConnection(), 'c', 'a:c');
    expect([subscription.topic, subscription.isPaused]).toEqual(['a:c', false]);
    subscription.feed = CLOSED_FEED;
    expect(subscription.isPaused).toBe(false);
    subscription.feed = new PausedFeed(null);
    expect(subscription.isPaused).toBe(true);
  });

  it.each([
    ['an event', (feed: PausedFeed) => feed.push()],
    ['lost continuity', (feed: PausedFeed) => feed.reset()],
  ])('remembers %s while it is paused', (_what, happens) => {
    const feed = new PausedFeed({ epoch: 'e', offset: 1 });
    expect([feed.missed, feed.position]).toEqual([false, { epoch: 'e', offset: 1 }]);
    happens(feed);
    expect(feed.missed).toBe(true);
  });

  it('sends nothing once it has ended', () => {
    CLOSED_FEED.push(frame);
    CLOSED_FEED.reset();
    expect(CLOSED_FEED.position).toBeNull();
  });
});
