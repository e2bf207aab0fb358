import { realtimeOptionsFromEnv, RealtimeOptionsError } from '../../src/realtime/index.js';
import { resolveOptions } from '../../src/realtime/options/resolve-options.js';
import { TEST_SECRET } from '../support/jwt.js';
import { startInstance } from './support/presence-app.js';

const jwt = { secret: TEST_SECRET };

describe('the options of presence', () => {
  it('have a grace period of 5 seconds by default', () => {
    expect(resolveOptions({ jwt }).presenceGraceMs).toBe(5_000);
    expect(resolveOptions({ jwt, presenceGraceMs: 0 }).presenceGraceMs).toBe(0);
    expect(() => resolveOptions({ jwt, presenceGraceMs: -1 })).toThrow(/presenceGraceMs/);
    expect(() => resolveOptions({ jwt, presenceGraceMs: 60_001 })).toThrow(/presenceGraceMs/);
    expect(realtimeOptionsFromEnv({ REALTIME_PRESENCE_GRACE_MS: '250' })).toEqual({ presenceGraceMs: 250 });
  });

  it('reject a value that is not boolean', async () => {
    const channels = [{ name: 'rooms:a', access: 'public', presence: 'yes' as unknown as boolean }] as const;
    const started = startInstance(null, { channels: [...channels] });
    await expect(started).rejects.toThrow(RealtimeOptionsError);
    await expect(started).rejects.toThrow('rooms:a: presence must be true, false or { state: true }');
  });

  it('enable it for a built-in channel, without changing anything else', async () => {
    const app = await startInstance(null, { channels: [{ name: 'apps:created', presence: true }] });
    try {
      const user = await app.connectAs();
      expect(await user.ask({ type: 'subscribe', channel: 'apps:created', presence: true })).toMatchObject({
        type: 'subscribed',
        lastEventId: expect.any(String) as string,
      });
      expect(await user.next('presence')).toMatchObject({ count: 1 });
      expect(await (await app.connect()).ask({ type: 'presence', channel: 'apps:created' })).toMatchObject({
        code: 'forbidden',
      });
    } finally {
      await app.close();
    }
  });

  it('remove members at once without a grace period', async () => {
    const app = await startInstance(null, { presenceGraceMs: 0 });
    try {
      const [watcher, other] = [await app.connectAs({ sub: 'w' }), await app.connectAs({ sub: 'u1' })];
      for (const client of [watcher, other]) {
        await client.ask({ type: 'subscribe', channel: 'rooms:lobby', presence: client === watcher });
      }
      await watcher.next('presence_diff', ({ joined }) => joined.length === 1);
      await other.close();
      await watcher.next('presence_diff', ({ left }) => left.length === 1);
    } finally {
      await app.close();
    }
  });
});
