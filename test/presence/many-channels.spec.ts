import { jest } from '@jest/globals';
import type { Connection } from '../../src/realtime/index.js';
import { Subscription } from '../../src/realtime/connections/subscription.js';
import { LocalPresence } from '../../src/realtime/presence/local-presence.js';
import { PresenceChannel } from '../../src/realtime/presence/presence-channel.js';
import { PresenceService } from '../../src/realtime/presence/presence.service.js';
import { PresenceStore } from '../../src/realtime/presence/presence-store.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { startInstance } from './support/presence-app.js';

describe('an instance with very many channels with presence', () => {
  let app: RealtimeApp;
  let service: PresenceService;
  let store: PresenceStore;

  beforeEach(async () => {
    app = await startInstance(null, {
      lease: { renewMs: 20 },
      channels: [{ name: 'lobby:{id}', access: 'authenticated', presence: true }],
    });
    service = app.app.get(PresenceService);
    store = app.app.get(PresenceStore);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const open = async (count: number): Promise<void> => {
    const client = await app.connectAs({ sub: 'u' });
    const [connection] = [...app.registry.ofUser('u')] as [Connection];
    for (let index = 0; index < count; index += 1) {
      service.began(new Subscription(connection, `lobby:${index}`, `lobby:${index}`), connection);
    }
    await client.fence();
  };

  it('renews each of them less often', async () => {
    await open(300);
    const keep = store.keep.bind(store);
    const renewed: number[] = [];
    await new Promise<void>((resolve) => {
      jest.spyOn(store, 'keep').mockImplementation((topic) => {
        if (topic === 'lobby:0') renewed.push(performance.now());
        if (renewed.length === 3) resolve();
        return keep(topic);
      });
    });
    expect(renewed[2]! - renewed[1]!).toBeGreaterThan(290);
  });

  it('checks a limited number of them at a time, and reaches each of them', async () => {
    const write = store.write.bind(store);
    const written = new Set<string>();
    let atOnce = 0;
    let most = 0;
    const all = new Promise<void>((resolve) => {
      jest.spyOn(store, 'write').mockImplementation((topic, counts) => {
        if (atOnce === 0) setImmediate(() => (atOnce = 0));
        atOnce += 1;
        most = Math.max(most, atOnce);
        written.add(topic);
        if (written.size === 2_001) resolve();
        return write(topic, counts);
      });
    });
    expect(service.channelsPerSync).toBe(10_000);
    service.channelsPerSync = 1_000; // 20,001 channels would take seconds
    await open(2_001);
    await all;
    expect(most).toBe(1_000);
  });
});

describe('a channel with presence on which nothing changes', () => {
  it('is processed only when due, not on each check', async () => {
    const app = await startInstance(null, {
      channels: [{ name: 'lobby:{id}', access: 'authenticated', presence: true }],
    });
    try {
      const client = await app.connectAs({ sub: 'u' });
      for (let index = 0; index < 20; index += 1) await client.ask({ type: 'subscribe', channel: `lobby:${index}` });
      const asked = jest.spyOn(PresenceChannel.prototype, 'sync');
      await new Promise<void>((resolve) => {
        // No member leaves, so nothing expires.
        const looks = jest.spyOn(LocalPresence.prototype, 'expire').mockImplementation(() => {
          if (looks.mock.calls.length === 200) resolve();
        });
      });
      expect(asked.mock.calls.length).toBeLessThan(100);
    } finally {
      jest.restoreAllMocks();
      await app.close();
    }
  });
});
