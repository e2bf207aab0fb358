import { Injectable } from '@nestjs/common';
import { isWildcard, ProtocolError, USER_GROUP, userOfChannel, wildcardPrefix } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import type { ChannelAccess } from '../options/channel-definition.js';
import { ChannelCatalogue, type Channel } from './channel-catalogue.js';

/** Who may use which channel. `null` stands for a connection without a token. */
@Injectable()
export class ChannelPolicyService {
  private readonly listed = new Map<'anonymous' | 'user' | 'admin', readonly string[]>();

  constructor(private readonly catalogue: ChannelCatalogue) {
    const somebody = { isAdmin: false } as const;
    this.listed.set(
      'anonymous',
      this.listFor((access) => access === 'public'),
    );
    this.listed.set(
      'user',
      this.listFor((access) => allows(access, somebody, '')),
    );
    this.listed.set(
      'admin',
      this.listFor(() => true),
    );
  }

  /**
   * The channel, when this principal may subscribe to it.
   * @throws ProtocolError `forbidden` where the name falls under a rule that this principal fails, registered or not
   *   (so that names cannot be probed); `unknown_channel` where nobody registered it
   */
  async authorize(principal: Principal | null, name: string): Promise<Channel> {
    const access = this.catalogue.accessOf(name);
    if (access !== null && !allows(access, principal, name)) throw new ProtocolError('forbidden', { channel: name });
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
    const access = this.catalogue.accessOf(`${prefix}x`);
    const refused = isUserGroup ? principal === null : access !== null && !allows(access, principal, '');
    throw new ProtocolError(refused ? 'forbidden' : 'unknown_channel', { channel: wildcard });
  }

  /** What this principal may subscribe to by name, its own private channel included. */
  authorizedChannels(principal: Principal | null): readonly string[] {
    const listed = this.listedFor(principal);
    return principal === null ? listed : [...listed, principal.channel];
  }

  /** The names that a request asks for: a wildcard stands for several. */
  resolve(principal: Principal | null, name: string): readonly string[] {
    return isWildcard(name) ? this.expand(principal, name) : [name];
  }

  private listedFor(principal: Principal | null): readonly string[] {
    return this.listed.get(principal === null ? 'anonymous' : principal.isAdmin ? 'admin' : 'user')!;
  }

  private listFor(may: (access: ChannelAccess) => boolean): readonly string[] {
    return [...this.catalogue.list()].filter(([, channel]) => may(channel.access)).map(([name]) => name);
  }
}

type Rights = Pick<Principal, 'isAdmin'> & { readonly user?: Principal['user'] };

function allows(access: ChannelAccess, principal: Rights | null, name: string): boolean {
  if (access === 'public') return true;
  if (principal === null) return false;
  if (access === 'authenticated' || principal.isAdmin) return true;
  return access === 'owner' && principal.user !== undefined && userOfChannel(name) === principal.user.userId;
}
