import { topicFor } from '../../channels/topic-for.js';
import type { Command } from './command.js';
import { SubscriptionGrant } from './subscription-grant.js';

/** `{"type":"history",…}`: answers with a page of the channel's history if the client can subscribe to it. */
export const history: Command<'history'> = {
  cost: () => 4_096,
  run: async ({ policy, bridge }, connection, { channel: name, ref, ...range }) => {
    const grant = await SubscriptionGrant.authorize(policy, connection, name);
    const { channel } = grant;
    const page = await bridge.pages.read(topicFor(connection.principal, name, channel), name, channel, range);
    // A client that asks faster than it reads waits. Otherwise its pages would make it a slow reader.
    const waiter = {
      heldBytes: page.bytes,
      get ended() {
        return connection.closing;
      },
    };
    if (!(await connection.sendBuffer.whenBelowReplayLimit(waiter))) return;
    if (!grant.isCurrent) await grant.renew();
    const view = policy.viewOf(connection.principal, name, grant.granted);
    connection.reply('history', page.json(view), ref);
  },
};
