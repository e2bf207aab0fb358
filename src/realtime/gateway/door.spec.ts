import type { ClientAddress } from './client-address.js';
import { Door, type Place } from './door.js';

const LIMITS = {
  maxConnections: 3,
  maxConnectionsPerAddress: 2,
  maxEventLoopDelayMs: 1_000,
};

describe('Door', () => {
  let door: Door;
  beforeEach(() => {
    door = new Door(LIMITS, 0);
  });
  afterEach(() => door.close());

  it('is shut while the event loop is held up, and counts nobody then', () => {
    for (let count = 0; count < 20; count += 1) expect(door.shut(5_000)).toMatchObject({ outcome: 'overloaded' });
    expect(door.shut(900)).toBeNull();
  });

  const at = (address: string): ClientAddress => ({ address, countedAs: address });
  const unknown: ClientAddress = { address: '10.0.0.1', countedAs: null };

  it('has a number of places in all, and for one address', () => {
    const places = [door.enter(at('a')), door.enter(at('a'))];
    expect(door.enter(at('a'))).toBe('tooManyConnections');
    places.push(door.enter(at('c')));
    expect(door.enter(at('b'))).toBe('instanceFull');
    (places[0] as Place).leave();
    (places[0] as Place).leave();
    expect(door.enter(at('a'))).toHaveProperty('leave');
    expect(door.enter(at('b'))).toBe('instanceFull');
  });

  it('keeps half of its places for others when clients of one peer cannot be told apart', () => {
    const wide = new Door({ ...LIMITS, maxConnections: 10 }, 0);
    for (let count = 0; count < 5; count += 1) expect(wide.enter(unknown)).toHaveProperty('leave');
    expect(wide.enter(unknown)).toBe('tooManyConnections');
    expect(wide.enter(at('10.0.0.1'))).toHaveProperty('leave');
    wide.close();
  });
});
