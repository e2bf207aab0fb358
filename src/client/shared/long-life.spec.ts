import { jest } from '@jest/globals';
import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { pass, virtualClients } from '../../../test/support/virtual-client.js';
import type { ErrorCode } from '../../protocol/index.js';
import { FakeRealtimeServer } from '../../testing/index.js';
import type { RealtimeClient } from '../index.js';
import { HubChannel } from './hub-channel.js';
import { shareIn } from './shared-web-socket.js';

const app = (name: string) => ({ id: name, name });

describe('one connection for all tabs, over a long time', () => {
  const begin = virtualClients();
  let server: FakeRealtimeServer;
  let browser: FakeBrowser;
  let refusal: ErrorCode | null;
  let asks: number;
  let clients: RealtimeClient[];

  beforeEach(() => {
    refusal = null;
    asks = 0;
    // Decided are the first subscription, again when the second tab signs in, that of the second tab, and the recreated one.
    server = new FakeRealtimeServer({ refuse: () => ((asks += 1) === 4 ? refusal : null) });
    browser = new FakeBrowser();
    clients = [];
  });
  function tab(getToken = (): string | null => 'ada') {
    const one = begin({ getToken, WebSocket: shareIn(browser.world(server), 'test'), minDelayMs: 10 }, server);
    clients.push(one.client);
    return one;
  }
  const joins = () =>
    server.connections
      .flatMap(({ received }) => received)
      .flatMap((frame) => (frame.type === 'subscribe' ? frame.targets : []));

  // Inside, so that it runs before the virtual clock ends.
  describe('in use', () => {
    afterEach(async () => {
      for (const client of clients) client.close();
      await pass(10_000); // a tab whose socket has closed lingers
    });

    it('releases channels that no tab uses: 100 visited rooms cost a leaving tab nothing', async () => {
      const { client } = tab();
      const other = tab();
      client.connect();
      other.client.connect();
      await pass(100);
      for (let index = 0; index < 100; index += 1) {
        const stop = client.channel<string>(`room:${index}`).subscribe();
        await pass();
        stop();
        await pass();
      }
      client.channel('apps:created').subscribe();
      await pass(100);
      const leave = jest.spyOn(HubChannel.prototype, 'leave');
      other.client.close();
      await pass(100);
      expect(leave.mock.calls.length).toBeLessThanOrEqual(1);
    });

    it.each<[ErrorCode, string]>([
      ['rate_limited', 'subscribed'],
      ['internal', 'subscribed'],
      ['unavailable', 'subscribed'],
      ['forbidden', 'refused'],
    ])('continues after %s for tabs whose subscription is recreated for another: %s', async (code, state) => {
      const { client } = tab();
      const channel = client.channel('apps:created');
      channel.subscribe();
      await pass(100);
      const first = channel.lastEventId;
      for (const name of ['one', 'two']) server.publish('apps:created', app(name));
      await pass(100);
      server.forget('apps:created'); // the second tab cannot resume, so the first is resubscribed
      refusal = code;
      tab().client.channel('apps:created').subscribe({ after: first });
      await pass(60_000);
      expect(asks).toBeGreaterThan(3);
      expect(channel.state).toBe(state);
    });

    it('keeps watching presence for a tab after another one resumed', async () => {
      const watching = tab().client.channel('apps:created');
      watching.subscribe({ presence: true });
      await pass(100);
      const first = watching.lastEventId;
      server.publish('apps:created', app('one'));
      await pass(100);
      const behind = tab().client.channel('apps:created');
      behind.subscribe({ after: first });
      await pass(100);
      expect(joins()).toHaveLength(2);
      expect(joins().map(({ presence }) => presence)).toEqual([true, true]);
      server.forget('apps:created');
      tab().client.channel('apps:created').subscribe({ after: first });
      await pass(100);
      expect(joins().at(-1)?.presence).toBe(true);
    });

    it('reports a break to tabs that follow a channel without history', async () => {
      server = new FakeRealtimeServer({ historySize: 0 });
      const channel = tab().client.channel('apps:created');
      const resets: string[] = [];
      channel.on('reset', ({ reason }) => void resets.push(reason));
      channel.subscribe();
      await pass(100);
      const other = tab().client.channel('apps:created');
      other.subscribe({ after: 'old-5' });
      await pass(100);
      expect([channel.state, other.state]).toEqual(['subscribed', 'subscribed']);
      expect(resets).toEqual(['no_history']);
    });

    it.each([['grace'], [null]])('does not connect in a loop if two tabs continue as ada and as %s', async (who) => {
      const tabs = [tab(), tab(() => who)];
      const received: string[] = [];
      for (const { client } of tabs) {
        const channel = client.channel('apps:created');
        channel.on('event', ({ data }) => void received.push(`${data.name} as ${client.identity?.user?.userId}`));
        channel.subscribe();
      }
      await pass(600_000);
      expect(server.connections.length).toBeLessThan(200);
    });
  });
});
