import { isWithinLimit } from '../auth/channel-limit.js';
import type { Principal } from '../auth/principal.js';
import { isGranted, knownRoles } from './access.js';
import type { ChannelCatalogue } from './channel-catalogue.js';

/** The channels that a principal can use without a policy, of those that are registered by name. */
export class ListedChannels {
  private readonly roles: ReadonlySet<string>;
  /** Channels by kind of principal. */
  private readonly kinds = new Map<string, readonly string[]>();

  constructor(
    private readonly catalogue: ChannelCatalogue,
    private readonly hasTenants: boolean,
  ) {
    this.roles = knownRoles(catalogue.registered());
  }

  of(principal: Principal | null): readonly string[] {
    const listed = this.ofKind(principal);
    const limit = principal?.channels;
    return limit === undefined ? listed : listed.filter((name) => isWithinLimit(limit, name));
  }

  private ofKind(principal: Principal | null): readonly string[] {
    const kind = principal === null ? '' : this.kindOf(principal);
    let listed = this.kinds.get(kind);
    if (listed === undefined) {
      const channels = [...this.catalogue.list()].filter(([, channel]) =>
        isGranted(channel, principal, {}, this.hasTenants),
      );
      this.kinds.set(kind, (listed = channels.map(([name]) => name)));
    }
    return listed;
  }

  /**
   * Returns a key that is the same for principals with access to the same channels. Roles that no channel names are ignored,
   * because tokens can contain any role.
   */
  private kindOf({ isAdmin, homeTenant, tenant, roles }: Principal): string {
    const known = roles.filter((role) => this.roles.has(role)).sort();
    return JSON.stringify([isAdmin, homeTenant === null, tenant === null, ...known]);
  }
}
