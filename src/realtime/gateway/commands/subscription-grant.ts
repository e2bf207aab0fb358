import type { Channel } from '../../channels/channel-catalogue.js';
import type { Authorized, ChannelPolicyService } from '../../channels/channel-policy.service.js';
import type { Connection } from '../../connections/connection.js';

/** The permission of a connection to use a channel, valid until permissions are re-evaluated. */
export class SubscriptionGrant {
  private constructor(
    private authorized: Authorized,
    private readonly policy: ChannelPolicyService,
    private readonly connection: Connection,
    readonly channelName: string,
    private authEpoch: number,
  ) {}

  /** @throws ProtocolError `forbidden` or `unknown_channel` */
  static async authorize(
    policy: ChannelPolicyService,
    connection: Connection,
    name: string,
  ): Promise<SubscriptionGrant> {
    const { authEpoch } = connection;
    const grant = new SubscriptionGrant(
      await authorizeChannel(policy, connection, name),
      policy,
      connection,
      name,
      authEpoch,
    );
    await grant.renew();
    return grant;
  }

  /**
   * Authorizes again if permissions were re-evaluated since. The grant is valid for a frame that is sent in the same turn
   * in which this promise resolves.
   * @throws ProtocolError `forbidden` or `unknown_channel`
   */
  async renew(): Promise<void> {
    while (!this.isCurrent) {
      this.authEpoch = this.connection.authEpoch;
      this.authorized = await authorizeChannel(this.policy, this.connection, this.channelName);
    }
  }

  get channel(): Channel {
    return this.authorized.channel;
  }

  /** The fields that a policy granted. */
  get granted(): Authorized['granted'] {
    return this.authorized.granted;
  }

  /** True if permissions were not re-evaluated since the last authorization. */
  get isCurrent(): boolean {
    return this.authEpoch === this.connection.authEpoch;
  }
}

function authorizeChannel(policy: ChannelPolicyService, connection: Connection, name: string): Promise<Authorized> {
  return policy.authorize(connection.principal, name, Infinity, limitKeyOf(connection));
}

/** Returns the key of the limit on policy calls for clients without a token. */
export function limitKeyOf({ countedAs, address }: Connection): string {
  return countedAs ?? address;
}
