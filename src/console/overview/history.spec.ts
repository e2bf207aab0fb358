import type { InstanceDto, SampleDto } from '../../realtime/http/operator-shapes.js';
import { EMPTY, LOOK_BACK_MS, withPast, withStats, type History } from './history.js';

const SECOND = (n: number): number => Date.UTC(2026, 0, 1) + n * 1_000;

function instance(instanceId: string, second: number, numbers: Partial<InstanceDto> = {}): InstanceDto {
  return {
    ...{ instanceId, draining: false, connections: 10, users: 5, subscriptions: 20, channels: 3 },
    ...{ eventsPublished: 0, eventsDelivered: 0, deliveryMs: null, eventLoopDelayMs: 0, bufferedBytes: 0 },
    ...{ host: 'web-1', slowConsumersClosed: 0, closedConnections: [], errorFrames: [] },
    startedAt: new Date(SECOND(0)).toISOString(),
    seenAt: new Date(SECOND(second)).toISOString(),
    ...numbers,
  };
}

const after = (history: History, second: number, instances: InstanceDto[], unanswered: string[] = []): History =>
  withStats(history, { instances, unanswered }, SECOND(second));

it('derives rates from counters by the clock of the instance, and sums instances', () => {
  const first = after(EMPTY, 1, [instance('a', 1), instance('b', 1)]);
  expect(first.snapshots[0]!.all).toEqual({ connections: 20, published: null, delivered: null, latency: null });
  const second = after(first, 9, [
    instance('a', 3, { eventsPublished: 10, eventsDelivered: 100, deliveryMs: { p50: 1, p99: 4 } }),
    instance('b', 3, { eventsPublished: 4, eventsDelivered: 40, deliveryMs: { p50: 2, p99: 9 } }),
  ]);
  expect(second.snapshots[1]!.all).toEqual({ connections: 20, published: 7, delivered: 70, latency: 9 });
  expect(second.snapshots[1]!.byInstance.get('a')).toMatchObject({ published: 5, delivered: 50, latency: 4 });
});

it('resets the rates of a restarted instance', () => {
  const first = after(EMPTY, 1, [instance('a', 1, { eventsPublished: 500 })]);
  const again = instance('a', 2, { eventsPublished: 3, startedAt: new Date(SECOND(1)).toISOString() });
  expect(after(first, 2, [again]).snapshots[1]!.all.published).toBeNull();
});

it('marks draining, silent and gone instances, and forgets gone ones after a while', () => {
  const two = after(EMPTY, 1, [instance('a', 1, { draining: true }), instance('b', 1)]);
  const conditions = (history: History) => history.instances.map((one) => `${one.instanceId} ${one.condition}`);
  expect(conditions(two)).toEqual(['a draining', 'b serving']);
  const silent = after(two, 2, [instance('a', 2), instance('b', 1)], ['b']);
  expect(conditions(silent)).toEqual(['a serving', 'b silent']);
  expect(silent.snapshots[1]!.all.connections).toBe(10);
  const gone = after(silent, 3, [instance('a', 3)]);
  expect(conditions(gone)).toEqual(['a serving', 'b gone']);
  expect(conditions(after(gone, 302, [instance('a', 302)]))).toEqual(['a serving']);
});

it('keeps only the samples that the charts show', () => {
  const last = LOOK_BACK_MS / 1_000 + 5;
  let history = EMPTY;
  for (let second = 0; second <= last; second += 1) history = after(history, second, [instance('a', second)]);
  expect([history.snapshots.length, history.snapshots[0]?.at]).toEqual([last - 4, SECOND(5)]);
});

describe('the samples that instances kept', () => {
  const sample = (second: number, eventsPublished: number): SampleDto => ({
    ...{ at: new Date(SECOND(second)).toISOString(), connections: 10, eventsDelivered: 0, deliveryP99Ms: second },
    eventsPublished,
  });
  const now = after(EMPTY, 1_000, [instance('a', 1_000), instance('b', 1_000)]);

  it('come before the first response, with rates, summed over instances', () => {
    const past = withPast(now, {
      instances: [
        { instanceId: 'a', samples: [sample(989.9, 0), sample(995, 51)] },
        { instanceId: 'b', samples: [sample(990, 7), sample(995, 17)] },
      ],
    });
    expect(past.snapshots.map(({ at }) => at)).toEqual([SECOND(990), SECOND(995), SECOND(1_000)]);
    expect(past.snapshots[0]?.all).toEqual({ connections: 20, published: null, delivered: null, latency: 990 });
    expect(past.snapshots[1]?.all).toEqual({ connections: 20, published: 12, delivered: 0, latency: 995 });
    expect(past.snapshots[1]?.byInstance.get('b')?.published).toBe(2);
    expect(past.instances).toEqual(now.instances);
  });

  it('give the first response its rates', () => {
    const first = after(EMPTY, 1_000, [instance('a', 1_000, { eventsPublished: 60 })]);
    const past = { instances: [{ instanceId: 'a', samples: [sample(990, 0), sample(995, 50), sample(1_005, 70)] }] };
    expect(withPast(first, past).snapshots.at(-1)?.all).toMatchObject({ connections: 10, published: 2 });
    const later = after(first, 1_001, [instance('a', 1_001, { eventsPublished: 61 })]);
    expect(withPast(later, past).snapshots.map(({ all }) => all.published)).toEqual([null, 10, null, 1]);
  });

  it('are shown by the clock of the page', () => {
    const wrong = withStats(EMPTY, { instances: [instance('a', 1_000)], unanswered: [] }, SECOND(4_600));
    const { snapshots } = withPast(wrong, { instances: [{ instanceId: 'a', samples: [sample(995, 0)] }] });
    expect(snapshots.map(({ at }) => at)).toEqual([SECOND(4_595), SECOND(4_600)]);
  });

  it('are left out if they are too old, or from after the first response, or if no instance answered', () => {
    const samples = [sample(690, 0), sample(1_000, 0), sample(1_005, 0)];
    expect(withPast(now, { instances: [{ instanceId: 'a', samples }] }).snapshots).toHaveLength(1);
    expect(withPast(EMPTY, { instances: [{ instanceId: 'a', samples }] })).toEqual(EMPTY);
  });
});
