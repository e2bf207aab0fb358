import type { ClientAddress } from './client-address.js';
import { ConnectionSlots, type Slot } from './connection-slots.js';

const LIMITS = {
  maxConnections: 3,
  maxConnectionsPerAddress: 2,
  maxEventLoopDelayMs: 1_000,
};

describe('ConnectionSlots', () => {
  let slots: ConnectionSlots;
  beforeEach(() => {
    slots = new ConnectionSlots(LIMITS, 0);
  });
  afterEach(() => slots.close());

  it('rejects every client while the event loop is blocked', () => {
    for (let count = 0; count < 20; count += 1) expect(slots.rejection(5_000)).toMatchObject({ outcome: 'overloaded' });
    expect(slots.rejection(900)).toBeNull();
  });

  const at = (address: string): ClientAddress => ({ address, countedAs: address });
  const unknown: ClientAddress = { address: '10.0.0.1', countedAs: null };

  it('limits slots in total and per address', () => {
    const taken = [slots.acquire(at('a')), slots.acquire(at('a'))];
    expect(slots.acquire(at('a'))).toBe('tooManyConnections');
    taken.push(slots.acquire(at('c')));
    expect(slots.acquire(at('b'))).toBe('instanceFull');
    (taken[0] as Slot).release();
    (taken[0] as Slot).release();
    expect(slots.acquire(at('a'))).toHaveProperty('release');
    expect(slots.acquire(at('b'))).toBe('instanceFull');
  });

  it('keeps half of the slots for others if the clients of a peer cannot be distinguished', () => {
    const wide = new ConnectionSlots({ ...LIMITS, maxConnections: 10 }, 0);
    for (let count = 0; count < 5; count += 1) expect(wide.acquire(unknown)).toHaveProperty('release');
    expect(wide.acquire(unknown)).toBe('tooManyConnections');
    expect(wide.acquire(at('10.0.0.1'))).toHaveProperty('release');
    wide.close();
  });
});
