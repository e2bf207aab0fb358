import { Door, type Place } from './door.js';

const LIMITS = {
  maxConnections: 3,
  maxConnectionsPerAddress: 2,
  handshakesPerSecond: 5,
  maxEventLoopDelayMs: 1_000,
};

describe('Door', () => {
  let door: Door;
  beforeEach(() => {
    door = new Door(LIMITS, 0);
  });
  afterEach(() => door.close());

  it('lets twice the rate in at once, then the rate', () => {
    const lets = (now: number): boolean => door.shut(now) === null;
    expect(Array.from({ length: 12 }, () => lets(0)).filter(Boolean)).toHaveLength(10);
    expect(door.shut(0)).toMatchObject({
      outcome: 'too_fast',
      why: expect.stringContaining('handshakesPerSecond is 5'),
    });
    expect([lets(200), lets(200)]).toEqual([true, false]);
  });

  it('is shut while the event loop is held up, and counts nobody then', () => {
    for (let count = 0; count < 20; count += 1) expect(door.shut(5_000)).toMatchObject({ outcome: 'held_up' });
    expect(door.shut(900)).toBeNull();
  });

  it('has so many places in all, and so many for one address', () => {
    const places = [door.enter('a'), door.enter('a')];
    expect(door.enter('a')).toBe('tooManyConnections');
    places.push(door.enter(null));
    expect(door.enter('b')).toBe('instanceFull');
    (places[0] as Place).leave();
    (places[0] as Place).leave();
    expect(door.enter('a')).toHaveProperty('leave');
    expect(door.enter('b')).toBe('instanceFull');
  });

  it('counts nobody by address who has none', () => {
    for (let count = 0; count < 3; count += 1) expect(door.enter(null)).toHaveProperty('leave');
  });
});
