import { jest } from '@jest/globals';
import { Broker, RedisBridge } from '../../src/realtime/index.js';
import type { Follower } from '../../src/realtime/delivery/follower.js';
import { Reauthorization } from '../../src/realtime/cluster/control/reauthorization.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

const turn = (): Promise<void> => new Promise(setImmediate);

describe('a log of control commands that loses its continuity repeatedly', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is read once, and causes one re-authorization, for all losses during a run', async () => {
    const followers = new Map<string, Follower>();
    const follow = jest.spyOn(RedisBridge.prototype, 'follow');
    const app = await RealtimeApp.start();
    try {
      for (const [name, , follower] of follow.mock.calls) followers.set(name, follower);
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      const broker = app.app.get(Broker);
      const latest = broker.latest.bind(broker);
      const reads = jest.spyOn(broker, 'latest').mockImplementation(async (...args) => {
        await gate;
        return latest(...args);
      });
      const reauthorization = app.app.get(Reauthorization);
      const ordered = reauthorization.reauthorizeAll.bind(reauthorization);
      let reauthorized = (): void => undefined;
      const twice = new Promise<void>((resolve) => (reauthorized = resolve));
      const rounds = jest.spyOn(reauthorization, 'reauthorizeAll').mockImplementation(async (connections) => {
        await gate;
        if (rounds.mock.calls.length === 2) reauthorized();
        return ordered(connections);
      });
      for (let index = 0; index < 50; index += 1) {
        followers.get('$ctl')!.reset();
        await turn();
      }
      expect([reads.mock.calls.length, rounds.mock.calls.length]).toEqual([1, 1]);
      open();
      await twice;
      for (let index = 0; index < 10; index += 1) await turn();
      expect([reads.mock.calls.length, rounds.mock.calls.length]).toEqual([2, 2]);
    } finally {
      await app.close();
    }
  });
});
