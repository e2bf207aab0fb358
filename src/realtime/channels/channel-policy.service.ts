import { Injectable } from '@nestjs/common';
import { isWildcard, ProtocolError, USER_GROUP, userOfChannel, wildcardPrefix } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { ChannelCatalogue, type Audience, type Channel } from './channel-catalogue.js';

/** Who may use which channel. `null` stands for a connection without a token. */
@Injectable()
export class ChannelPolicyService {
  /** What principals of one kind may use by name. */
  private readonly listed = new Map<string, readonly string[]>();
  private readonly hasTenants: boolean;

  constructor(
    private readonly catalogue: ChannelCatalogue,
    { tenants }: ResolvedRealtimeOptions,
  ) {
    this.hasTenants = tenants.claim !== undefined;
  }

  /**
   * The channel, when this principal may subscribe to it.
   * @throws ProtocolError `forbidden` where the name falls under a rule that this principal fails, registered or not
   *   (so that names cannot be probed); `unknown_channel` where nobody registered it
   */
  async authorize(principal: Principal | null, name: string): Promise<Channel> {
    const audience = this.catalogue.audienceOf(name);
    if (audience !== null && !this.allows(audience, principal, name))
      throw new ProtocolError('forbidden', { channel: name });
    const channel = this.catalogue.find(name);
    if (channel === null) throw new ProtocolError('unknown_channel', { channel: name });
    return channel;
  }

  /**
   * The registered channels of a group (`apps:*`) that this principal may use.
   * @throws ProtocolError `forbidden` or `unknown_channel` where there is none
   */
  expand(principal: Principal | null, wildcard: string): readonly string[] {
    const prefix = wildcardPrefix(wildcard);
    const names = this.listedFor(principal).filter((name) => name.startsWith(prefix));
    if (names.length > 0) return names;
    // Nothing to give: whoever may not use the group is told the same, whether it has channels or not.
    const isUserGroup = prefix === `${USER_GROUP}:`;
    const audience = this.catalogue.audienceOf(`${prefix}x`);
    const refused = isUserGroup ? principal === null : audience !== null && !this.allows(audience, principal, '');
    throw new ProtocolError(refused ? 'forbidden' : 'unknown_channel', { channel: wildcard });
  }

  /** What this principal may subscribe to by name, its own private channel included. */
  authorizedChannels(principal: Principal | null): readonly string[] {
    const listed = this.listedFor(principal);
    const hasOwn = principal !== null && (!this.hasTenants || principal.home !== null);
    return hasOwn ? [...listed, principal.channel] : listed;
  }

  /** The names that a request asks for: a wildcard stands for several. */
  resolve(principal: Principal | null, name: string): readonly string[] {
    return isWildcard(name) ? this.expand(principal, name) : [name];
  }

  private listedFor(principal: Principal | null): readonly string[] {
    const kind =
      principal === null ? '' : [principal.isAdmin, principal.home === null, principal.tenant === null].join();
    let listed = this.listed.get(kind);
    if (listed === undefined) {
      const channels = [...this.catalogue.list()].filter(([name, channel]) => this.allows(channel, principal, name));
      this.listed.set(kind, (listed = channels.map(([name]) => name)));
    }
    return listed;
  }

  private allows({ access, global }: Audience, principal: Principal | null, name: string): boolean {
    // A channel of a tenant is nobody's who is in none.
    if (this.hasTenants && !global && (principal === null || principal.tenant === null)) return false;
    if (access === 'public') return true;
    if (principal === null) return false;
    if (access === 'authenticated') return true;
    // What is for administrators and for all tenants is the platform's: an administrator of a tenant is none of it.
    if (principal.isAdmin) return !global || principal.home === null;
    return access === 'owner' && userOfChannel(name) === principal.user.userId;
  }
}
