import { Counters } from '../observability/counters.js';
import { BufferGuard } from './buffer-guard.js';
import type { Connection } from './connection.js';

/** A connection with this number of buffered bytes. `did` records what the guard did to it. */
function holding(bytes: number, closing = false) {
  const fake = {
    closing,
    did: '',
    sendBuffer: { bufferedBytes: bytes },
    close: (why: string) => void (fake.did = why),
    transport: { terminate: () => void (fake.did = 'cut off') },
  };
  return fake;
}

describe('BufferGuard', () => {
  const look = (fakes: ReturnType<typeof holding>[], maxBytes: number) => {
    const counters = new Counters();
    new BufferGuard({ all: () => fakes as unknown as Connection[] }, counters, maxBytes).check();
    const { slowConsumersClosed, buffersOverflowed } = counters;
    return { did: fakes.map(({ did }) => did), slowConsumersClosed, buffersOverflowed };
  };

  it('does nothing while the total is within the limit', () => {
    expect(look([holding(50), holding(50)], 100)).toEqual({
      did: ['', ''],
      slowConsumersClosed: 0,
      buffersOverflowed: 0,
    });
  });

  it('closes the connections with the largest buffers until the rest fits', () => {
    expect(look([holding(10), holding(60), holding(5), holding(40)], 20)).toEqual({
      did: ['', 'slowConsumer', '', 'slowConsumer'],
      slowConsumersClosed: 2,
      buffersOverflowed: 1,
    });
  });

  it('terminates a connection that is closing and still has the largest buffer', () => {
    expect(look([holding(10), holding(60, true)], 20)).toEqual({
      did: ['', 'cut off'],
      slowConsumersClosed: 0,
      buffersOverflowed: 1,
    });
  });

  it('counts a closed connection for its tenant, and not one without a principal', () => {
    const counters = new Counters();
    const [known, unknown] = [holding(60), holding(60)];
    Object.assign(known, { principal: { tenant: 'a' } });
    new BufferGuard({ all: () => [known, unknown] as unknown as Connection[] }, counters, 1).check();
    expect([...counters.byTenant].map(([tenant, counts]) => [tenant, counts.slowConsumersClosed])).toEqual([['a', 1]]);
  });

  it('checks the total after a round of samples that exceeds the limit, and begins the next round at zero', () => {
    const fakes = [holding(60), holding(60)];
    const counters = new Counters();
    const guard = new BufferGuard({ all: () => fakes as unknown as Connection[] }, counters, 100);
    const sampled = (...fakeSamples: ReturnType<typeof holding>[]): number => {
      for (const fake of fakeSamples) guard.sample(fake as unknown as Connection);
      guard.endRound();
      return counters.buffersOverflowed;
    };
    expect(sampled(holding(100))).toBe(0);
    expect(sampled(holding(50), holding(50))).toBe(0);
    expect(sampled(holding(50), holding(51))).toBe(1);
    expect(fakes.map(({ did }) => did)).toEqual(['slowConsumer', '']);
    expect(sampled()).toBe(1);
  });
});
