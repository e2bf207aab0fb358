import { connectedOf, frameOf, timestampOf, refusalOf } from './frames.js';

const CONNECTED = {
  type: 'connected',
  connectionId: 'c',
  user: { userId: 'u', email: null, role: 'user' },
  authorizedChannels: ['a'],
  heartbeatMs: 30_000,
};

describe('a frame of the server', () => {
  it.each(['', 'x', 'null', '5', '[]', '{}', '{"type":5}'])('is not in %j', (text) => {
    expect(frameOf(text)).toBeNull();
  });

  it('is connected with all its fields', () => {
    expect(connectedOf(CONNECTED)).toEqual({
      connectionId: 'c',
      user: CONNECTED.user,
      tenant: null,
      authorizedChannels: ['a'],
      expiresAt: null,
      heartbeatMs: 30_000,
      features: null,
      limitedTo: null,
      isGuest: false,
    });
    expect(connectedOf({ ...CONNECTED, user: null, features: ['x'] })).toMatchObject({ user: null, features: ['x'] });
  });

  it.each([
    { type: 'pong' },
    { connectionId: 5 },
    { user: undefined },
    { user: { userId: 'u' } },
    { tenant: 5 },
    { authorizedChannels: [5] },
    { expiresAt: 5 },
    { heartbeatMs: '30' },
  ])('is not connected with %j', (wrong) => {
    expect(connectedOf({ ...CONNECTED, ...wrong })).toBeNull();
  });

  it('is an error, or has a timestamp', () => {
    expect(refusalOf({ type: 'error', code: 'c', message: 'm' })).toEqual({ code: 'c', message: 'm' });
    expect(refusalOf({ type: 'error', code: 5, message: 'm' })).toBeNull();
    expect(timestampOf({ type: 'x', timestamp: '1970-01-01T00:00:01.000Z' })).toBe(1_000);
    expect([timestampOf({ type: 'x' }), timestampOf({ type: 'x', timestamp: 'soon' })]).toEqual([null, null]);
  });
});
