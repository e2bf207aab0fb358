import { isChannelName, USER_GROUP } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { encodeTenant } from '../tenants/topic.js';
import { isPattern, parametersOf } from './patterns.js';

/** Value of a parameter; `null` if this principal has none. */
type Fill = (principal: Principal, hasTenants: boolean) => string | null;

/** The user id as it is encoded in channel names. A platform user has no channels inside a tenant. */
const userId: Fill = ({ channel, homeTenant }, hasTenants) =>
  hasTenants && homeTenant === null ? null : channel.slice(USER_GROUP.length + 1);

const tenant: Fill = (principal) => (principal.tenant === null ? null : encodeTenant(principal.tenant));

/** A channel, or a family of channels, to which connections are subscribed from the start. */
export class AutoSubscribed {
  private readonly fills: ReadonlyMap<string, Fill>;

  /**
   * @param owner the parameter that names the owner of the channel; `null` without one
   * @throws RangeError that completes a sentence after the name, if no token has a value for a parameter
   */
  constructor(
    private readonly name: string,
    owner: string | null,
    private readonly hasTenants: boolean,
  ) {
    const known = new Map<string, Fill>([['userId', userId]]);
    if (owner !== null) known.set(owner, userId);
    if (hasTenants) known.set('tenant', tenant);
    const unknown = parametersOf(name).find((parameter) => !known.has(parameter));
    if (unknown !== undefined) {
      const names = [...known.keys()].map((parameter) => `{${parameter}}`).join(', ');
      throw new RangeError(
        `has autoSubscribe, but a token has no value for {${unknown}}: use ${names} or a name without parameters, or call RealtimeControl.subscribe for each user`,
      );
    }
    this.fills = known;
  }

  /** Returns the name of the channel for a principal; `null` if it has none. It does not check access. */
  nameFor(principal: Principal | null): string | null {
    if (!isPattern(this.name)) return this.name;
    if (principal === null) return null;
    const segments = this.name.split(':').map((segment) => {
      return segment.startsWith('{') ? this.fills.get(segment.slice(1, -1))!(principal, this.hasTenants) : segment;
    });
    const name = segments.includes(null) ? '' : segments.join(':');
    // Outside of the group `user`, names contain no percent-encoded ids.
    return isChannelName(name) ? name : null;
  }
}
