import { Injectable } from '@nestjs/common';
import { channelLimitProblem } from '../../auth/channel-limit.js';
import { guestKeyOf } from '../../auth/guest.js';
import { Revocations } from '../../auth/revocations.js';
import { MAX_GUEST_NAME, Tickets } from '../../auth/tickets.js';
import { ChannelCatalogue, type Access } from '../../channels/channel-catalogue.js';
import { isPattern, overlap } from '../../channels/patterns.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { TenantError, Tenants } from '../../tenants/tenants.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { ControlResult } from './control-bus.js';
import { confirmed, type Actor, type Confirmation } from './confirmation.js';
import { RevocationKeeper } from './revocation-keeper.js';

/** Shortest lifetime of the ticket of guests, in milliseconds. */
const MIN_TTL_MS = 1_000;

/**
 * A ticket counts as issued this much earlier, in milliseconds, so that a revocation right after it covers it, although the clock
 * of the revoking instance is behind.
 */
const CLOCK_MARGIN_MS = 5_000;

/** Access for which a client needs no user id and no role. */
const OPEN_TO_GUESTS: readonly Access[] = ['public', 'authenticated'];

/** A share link to issue. */
export interface GuestTicketOptions {
  /** Channels and patterns that its guests can use: names such as `boards:42:changed`, patterns such as `boards:42:*`. */
  readonly channels: readonly string[];
  /** Lifetime in milliseconds, at least 1,000, at most the option `revocationTtlMs`. Connections end with it. */
  readonly ttlMs: number;
  /** Name for the audit log, the console and {@link GuestTickets.revoke}, at most 200 characters. Guests do not see it. */
  readonly name: string;
  /** With the option `tenants`: the tenant of the channels. @default the tenant of the running code (`EventsPublisher.withTenant`) */
  readonly tenant?: string;
}

/** A share link: clients connect with `?ticket=…`. */
export interface GuestTicket {
  readonly ticket: string;
  /** End of the ticket and of all its connections, as ISO 8601. */
  readonly expiresAt: string;
}

/**
 * Share links for guests without an account. A ticket is valid any number of times until it ends or is revoked. It gives access to
 * the named channels only. A channel with a policy asks the policy, which sees the guest as `principal.guest`.
 * @hideconstructor
 */
@Injectable()
export class GuestTickets {
  private readonly tenants: Tenants;

  constructor(
    private readonly tickets: Tickets,
    private readonly catalogue: ChannelCatalogue,
    private readonly revocations: Revocations,
    private readonly keeper: RevocationKeeper,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    this.tenants = new Tenants(options);
  }

  /**
   * Issues a ticket.
   * @throws TypeError or RangeError with a sentence if an argument is invalid, a channel is unknown, or it needs a user
   * @throws RealtimeUnavailableError if the ticket cannot be stored
   */
  async issue({ channels, ttlMs, name, tenant }: GuestTicketOptions): Promise<GuestTicket> {
    assertName(name);
    if (!Number.isInteger(ttlMs) || ttlMs < MIN_TTL_MS || ttlMs > this.options.revocationTtlMs) {
      const most = `${this.options.revocationTtlMs} (revocationTtlMs)`;
      throw new RangeError(`ttlMs is ${ttlMs}: give a whole number of milliseconds from ${MIN_TTL_MS} to ${most}`);
    }
    const problem = channelLimitProblem(channels);
    if (problem !== null) throw new TypeError(`channels ${problem}`);
    if (channels.length === 0) throw new RangeError('channels is empty: name the channels that guests can use');
    for (const channel of channels) this.assertOpenToGuests(channel);
    const homeTenant = this.tenantOf(tenant);
    const now = this.clock.wall();
    // Earlier revocations do not cover the new ticket.
    const issuedAt = Math.max(now - CLOCK_MARGIN_MS, ...this.revokedBefore(guestKeyOf(homeTenant, name)));
    return this.tickets.issueToGuests({ name, channels, homeTenant, issuedAt, expiresAt: now + ttlMs });
  }

  /**
   * Revokes all tickets with this name on all instances, and closes their connections with 4403. A ticket that is issued with the
   * name afterwards is valid. See `RealtimeControl.revokeUser` for the result.
   * @throws RealtimeUnavailableError, RevocationsFullError, CommandUnconfirmedError
   */
  async revoke(
    name: string,
    { tenant, by, require }: Pick<GuestTicketOptions, 'tenant'> & Actor & Confirmation = {},
  ): Promise<ControlResult> {
    assertName(name);
    const id = guestKeyOf(this.tenantOf(tenant), name);
    const before = this.clock.wall();
    const until = this.keeper.latestExpiry(before);
    return confirmed(this.keeper.revoke({ kind: 'guest', id, before, until }, by), require);
  }

  private revokedBefore(id: string): number[] {
    const known = [
      this.revocations.ofSameSubject({ kind: 'all', before: 0, until: 0 }),
      this.revocations.ofSameSubject({ kind: 'guest', id, before: 0, until: 0 }),
    ];
    return known.flatMap((revocation) =>
      revocation === undefined || revocation.kind === 'session' ? [] : [revocation.before],
    );
  }

  /** @throws RangeError */
  private assertOpenToGuests(channel: string): void {
    const matching = isPattern(channel)
      ? [...this.catalogue.registered()].filter(([registered]) => overlap(channel, registered))
      : [this.catalogue.find(channel)].flatMap((found) => (found === null ? [] : [[channel, found] as const]));
    if (matching.length === 0) {
      const what = isPattern(channel) ? 'matches no registered channel' : 'is not a registered channel';
      throw new RangeError(`channels: ${channel} ${what}`);
    }
    const isOpen = matching.some(([, { access }]) => {
      return OPEN_TO_GUESTS.includes(access) || (typeof access === 'object' && 'policy' in access);
    });
    if (!isOpen) throw new RangeError(`channels: ${channel} needs a user: its access is for owners, roles or admins`);
  }

  private tenantOf(tenant: string | undefined): string | null {
    try {
      return this.tenants.effective(tenant);
    } catch (error) {
      throw error instanceof TenantError ? new TypeError(`tenant ${error.message}`) : error;
    }
  }
}

/** @throws TypeError */
function assertName(name: unknown): void {
  const isValid =
    typeof name === 'string' && name !== '' && name.length <= MAX_GUEST_NAME && !/[\ud800-\udfff]/u.test(name);
  if (!isValid) throw new TypeError(`name must be a string of 1 to ${MAX_GUEST_NAME} characters`);
}
