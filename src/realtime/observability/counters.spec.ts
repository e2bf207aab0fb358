import { Logger } from '@nestjs/common';
import { recordLog } from '../../../test/support/log-lines.js';
import { CLOSE_CODES } from '../../protocol/index.js';
import { CounterMap } from './counter-map.js';
import { Counters } from './counters.js';
import type { Measurements } from './measurements.js';
import { CountersByTenant } from './tenant-counters.js';

describe('Counters', () => {
  let counters: Counters;
  const countsOf = (map: CounterMap): object => Object.fromEntries([...map].filter(([, count]) => count > 0));

  beforeEach(() => {
    counters = new Counters();
  });
  afterEach(() => Logger.overrideLogger(true));

  it('begin at 0 for every label that is known, so that a rate can be computed', () => {
    expect(counters.handshakes.get('accepted')).toBe(0);
    expect([...counters.policyFailures]).toEqual([
      ['threw', 0],
      ['timed_out', 0],
      ['invalid', 0],
    ]);
    expect([...counters.framesSent].map(([type]) => type)).not.toContain('event');
    expect(counters.outboxSent + counters.delivered + counters.gapsFound + counters.streamReads).toBe(0);
  });

  it('count frames by type, and errors, resyncs and recoveries by their reason', () => {
    counters.countSent({ type: 'error', code: 'forbidden', message: '' });
    counters.countSent({ type: 'resync', channel: 'a:1', reason: 'lagging' } as never);
    const subscribed = { type: 'subscribed', channel: 'a:1' } as const;
    counters.countSent(subscribed);
    counters.countSent({ ...subscribed, recovered: true });
    counters.countSent({ ...subscribed, recovered: false, reason: 'expired' });
    expect(countsOf(counters.framesSent)).toEqual({ error: 1, resync: 1, subscribed: 3 });
    expect(countsOf(counters.errorsSent)).toEqual({ forbidden: 1 });
    expect(countsOf(counters.resyncs)).toEqual({ lagging: 1 });
    expect(countsOf(counters.recoveries)).toEqual({ recovered: 1, expired: 1 });
  });

  it('count the close codes of clients that are not known together', () => {
    const { code } = CLOSE_CODES.unauthorized;
    for (const known of [1_000, 1_005, 1_006, code]) counters.countClosed(known);
    for (const unknown of [3_998, 3_999]) counters.countClosed(unknown);
    expect(countsOf(counters.closed)).toEqual({ 1000: 1, 1005: 1, 1006: 1, [code]: 1, other: 2 });
  });

  it('count a replayed event for its tenant', () => {
    const replayed: unknown[] = [];
    const stop = counters.measure({ replayed: (...args: unknown[]) => replayed.push(args) } as unknown as Measurements);
    counters.countReplayed('acme/a:1', 'acme');
    counters.countReplayed('a:1', null);
    stop();
    counters.countReplayed('a:1', null);
    expect([counters.delivered, counters.byTenant.of('acme').delivered]).toEqual([3, 1]);
    expect(replayed).toEqual([
      ['acme/a:1', 1],
      ['a:1', 1],
    ]);
  });

  it('pass each measurement to every receiver, although one of them fails', () => {
    recordLog();
    const received: unknown[] = [];
    const all = (receive: (name: string, args: unknown[]) => void): Measurements =>
      new Proxy({} as Measurements, {
        get:
          (_target, name) =>
          (...args: unknown[]) =>
            receive(String(name), args),
      });
    const stops = [
      counters.measure(
        all(() => {
          throw new Error('no exporter');
        }),
      ),
      counters.measure(all((name, args) => received.push([name, ...args]))),
    ];
    const measurements = counters.measurements!;
    measurements.published('a:1', 0.5, null);
    measurements.batch('a:1', 2, 10, 7);
    measurements.policyAnswered('a:*', 'allowed', 0.1);
    measurements.called('apps.rename', 'succeeded', 0.2);
    measurements.stateLoaded?.('a:*', 'loaded', 0.3);
    measurements.streamCancelled?.('cancelled', 0.4);
    expect(received).toEqual([
      ['published', 'a:1', 0.5, null],
      ['batch', 'a:1', 2, 10, 7],
      ['policyAnswered', 'a:*', 'allowed', 0.1],
      ['called', 'apps.rename', 'succeeded', 0.2],
      ['stateLoaded', 'a:*', 'loaded', 0.3],
      ['streamCancelled', 'cancelled', 0.4],
    ]);
    for (const stop of stops) stop();
    expect(counters.measurements).toBeNull();
  });
});

describe('CounterMap', () => {
  it('counts new labels from 0', () => {
    const map = new CounterMap(['known']);
    map.add('known', 2);
    map.add('new');
    map.add('new');
    expect([...map]).toEqual([
      ['known', 2],
      ['new', 2],
    ]);
    expect(map.get('toString')).toBe(0);
  });
});

describe('the counters of tenants', () => {
  it('are separate, and there are none without a tenant', () => {
    const counters = new CountersByTenant();
    counters.add(null, 'published');
    counters.add('acme', 'published', 3);
    counters.add('acme', 'slowConsumersClosed');
    counters.add('globex', 'delivered');
    expect(Object.fromEntries(counters)).toEqual({
      acme: { published: 3, delivered: 0, slowConsumersClosed: 1 },
      globex: { published: 0, delivered: 1, slowConsumersClosed: 0 },
    });
    expect(counters.of('initech')).toEqual({ published: 0, delivered: 0, slowConsumersClosed: 0 });
  });

  it('are kept for 10,000 tenants: the oldest one is forgotten for a new one', () => {
    const counters = new CountersByTenant();
    for (let count = 0; count < 10_000; count += 1) counters.add(`t${count}`, 'published');
    expect(counters.of('t0').published).toBe(1);
    counters.add('t0', 'published'); // not a new one
    expect(counters.of('t1').published).toBe(1);
    counters.add('new', 'published');
    expect([counters.of('t0').published, counters.of('t1').published, counters.of('new').published]).toEqual([0, 1, 1]);
  });
});
