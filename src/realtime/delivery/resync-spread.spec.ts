import { jest } from '@jest/globals';
import { CLOSED_FEED, Subscription, type Subscriber } from '../connections/subscription.js';
import { ResyncSpread } from './resync-spread.js';

const FROM = { epoch: 'a', offset: 7 };

describe('ResyncSpread', () => {
  let notified: Subscription[];
  let random: number;
  let spread: ResyncSpread;

  beforeEach(() => {
    jest.useFakeTimers();
    notified = [];
    random = 0;
    spread = new ResyncSpread(
      (subscription) => {
        subscription.feed = null;
        notified.push(subscription);
      },
      () => (random += 0.1),
    );
  });
  afterEach(() => jest.useRealTimers());

  const several = (count: number): Subscription[] =>
    Array.from({ length: count }, () => new Subscription({} as Subscriber, 'apps:created'));

  it('notifies a few connections at once', () => {
    const subscriptions = several(3);
    spread.start(subscriptions, 'unproven', FROM, 500);
    expect(notified).toEqual(subscriptions);
  });

  it('spreads many notices over seconds, and sends no event to a client before its notice', () => {
    const subscriptions = several(9);
    spread.start(subscriptions, 'unproven', FROM, 50_000);
    expect(notified).toEqual([]);
    for (const { feed } of subscriptions) expect(feed?.position).toEqual(FROM);
    jest.advanceTimersByTime(4_500);
    expect(notified).toHaveLength(4);
    jest.advanceTimersByTime(5_500);
    expect(notified).toHaveLength(9);
    expect(subscriptions.every(({ feed }) => feed === null)).toBe(true);
  });

  it('takes longer the more connections there are', () => {
    spread.start(several(9), 'unproven', FROM, 1_000);
    jest.advanceTimersByTime(2_000);
    expect(notified).toHaveLength(9);
  });

  it('skips a subscription that ended meanwhile, and notifies only once after a second loss', () => {
    const [left, stayed] = several(2) as [Subscription, Subscription];
    spread.start([left, stayed], 'unproven', FROM, 50_000);
    left.feed = CLOSED_FEED;
    stayed.feed!.reset();
    jest.advanceTimersByTime(10_000);
    expect(notified).toEqual([stayed]);
  });
});
