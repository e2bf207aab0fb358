import { Injectable } from '@nestjs/common';
import { ChannelCatalogue } from '../../channels/channel-catalogue.js';
import { ServerSubscriptions } from '../subscriptions/server-subscriptions.js';
import { StoredSubscriptions } from '../subscriptions/stored-subscriptions.js';
import { ControlBus, type ControlResult } from './control-bus.js';
import { assertSendable, type ControlCommand, type SubscribeRefusal } from './control-command.js';

/** Result of `subscribe`. `connections` is the number of connections that have the subscription. */
export interface SubscribeResult extends ControlResult {
  /** The connections that were not subscribed, at most 1,000 of each instance. */
  readonly refusals: readonly SubscribeRefusal[];
  /** True if later connections of the user are subscribed, too. False if every connection was refused. */
  readonly stored: boolean;
}

/** Stores the subscriptions that the application makes for users, and orders them on all instances. */
@Injectable()
export class UserSubscriptions {
  constructor(
    private readonly bus: ControlBus,
    private readonly catalogue: ChannelCatalogue,
    private readonly stored: StoredSubscriptions,
    /** The subscriptions on this instance. */
    readonly here: ServerSubscriptions,
  ) {}

  async subscribe(userKey: string, channel: string): Promise<SubscribeResult> {
    if (typeof channel !== 'string' || this.catalogue.find(channel) === null) {
      const problem = `channel ${JSON.stringify(channel)} is not registered`;
      throw new RangeError(`${problem}: give its full name, and add its definition to \`channels\` or forFeature`);
    }
    const command: ControlCommand = { do: 'subscribe_user', userKey, channel };
    assertSendable(command);
    // Stored first: a connection that opens meanwhile reads it, or is open when the command arrives.
    await this.stored.add(userKey, channel);
    const { refusals = [], ...result } = await this.bus.broadcast(command);
    const isRefused = result.connections === 0 && result.missing.length === 0 && refusals.length > 0;
    const stored = !isRefused || refusals.some(({ code }) => code !== 'forbidden' && code !== 'unknown_channel');
    if (!stored) await this.stored.remove(userKey, channel);
    return { ...result, refusals, stored };
  }

  async unsubscribe(userKey: string, channel: string): Promise<ControlResult> {
    const command: ControlCommand = { do: 'unsubscribe_user', userKey, channel };
    assertSendable(command);
    // Removed first: a connection that opens meanwhile does not find it, or gets the command.
    await this.stored.remove(userKey, channel);
    return this.bus.broadcast(command);
  }
}
