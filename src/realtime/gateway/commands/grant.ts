import type { Channel } from '../../channels/channel-catalogue.js';
import type { Authorized, ChannelPolicyService } from '../../channels/channel-policy.service.js';
import type { Connection } from '../../connections/connection.js';

/** A channel that a connection may use, for as long as its rights are not judged anew. */
export class Grant {
  private constructor(
    private authorized: Authorized,
    private readonly policy: ChannelPolicyService,
    private readonly connection: Connection,
    private readonly name: string,
    private judgements: number,
  ) {}

  /** @throws ProtocolError `forbidden` or `unknown_channel` */
  static async of(policy: ChannelPolicyService, connection: Connection, name: string): Promise<Grant> {
    const { judgements } = connection;
    const grant = new Grant(await authorize(policy, connection, name), policy, connection, name, judgements);
    await grant.renew();
    return grant;
  }

  /**
   * Judges again where rights were judged anew since; whatever is sent in the same breath as this resolves is granted.
   * @throws ProtocolError `forbidden` or `unknown_channel`
   */
  async renew(): Promise<void> {
    while (!this.holds) {
      this.judgements = this.connection.judgements;
      this.authorized = await authorize(this.policy, this.connection, this.name);
    }
  }

  get channel(): Channel {
    return this.authorized.channel;
  }

  /** What a policy granted of its fields. */
  get granted(): Authorized['granted'] {
    return this.authorized.granted;
  }

  /** Whether nobody has judged anew since it was granted. */
  get holds(): boolean {
    return this.judgements === this.connection.judgements;
  }
}

function authorize(policy: ChannelPolicyService, connection: Connection, name: string): Promise<Authorized> {
  return policy.authorize(connection.principal, name, Infinity, addressOf(connection));
}

/** The address by which a client without a token is told from others. */
export function addressOf({ countedAs, address }: Connection): string {
  return countedAs ?? address;
}
