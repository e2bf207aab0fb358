import { resets } from './resets.js';

/** The short form; `npm run test:resets` resets 2,000 connections. */
describe('connections that are reset at random times during the handshake', () => {
  it('affect neither the process nor a healthy client, and leave nothing behind', async () => {
    const result = await resets(300, 42);
    expect(result).toMatchObject({
      resets: { tcp: 100, tls: 100, unix: 100 },
      left: { tcp: 0, tls: 0, unix: 0 },
      errors: '',
    });
    expect(result.pings).toBeGreaterThan(0);
    expect(result.pongs).toBe(result.pings);
  }, 60_000);
});
