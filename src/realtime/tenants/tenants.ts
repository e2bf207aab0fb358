import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { currentTenant } from './current-tenant.js';
import { tenantProblem, topicOf, userKeyOf } from './topic.js';

/** It is not clear whose something is, or it can be nobody's. The message is a sentence without its subject. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
}

/** Whose something is: what is said of it, else whose code is running. */
export class Tenants {
  private readonly claim: string | undefined;

  constructor({ tenants }: Pick<ResolvedRealtimeOptions, 'tenants'>) {
    this.claim = tenants.claim;
  }

  /**
   * The topic of a channel for whoever publishes.
   * @param isGlobal whether the channel is one for all tenants
   * @throws TenantError
   */
  topicOf(channel: string, isGlobal: boolean, tenant: string | undefined): string {
    if (this.claim === undefined) return topicOf(this.none(tenant), channel);
    if (isGlobal) {
      if (tenant !== undefined) throw new TenantError(`must not be given: ${channel} is global, all tenants get it`);
      return channel;
    }
    const whose = tenant ?? currentTenant();
    if (whose !== null) return topicOf(checked(whose), channel);
    throw new TenantError(
      `is missing: name it ({ tenant }), run the code in withTenant(tenant, …), or declare ${channel} global`,
    );
  }

  /**
   * What a user is known by.
   * @param tenant `null` for one of the platform's own
   * @throws TenantError
   */
  userKeyOf(userId: string, tenant: string | null | undefined): string {
    if (this.claim === undefined) {
      this.none(tenant ?? undefined);
      return userId;
    }
    const whose = tenant === undefined ? currentTenant() : tenant;
    if (whose !== null) return userKeyOf(checked(whose), userId);
    if (tenant === null) return userKeyOf(null, userId);
    throw new TenantError('is missing: name it ({ tenant }), or null for a user of the platform who has none');
  }

  private none(tenant: string | undefined): null {
    if (tenant === undefined) return null;
    throw new TenantError('must not be given: the option tenants.claim is not set');
  }
}

function checked(tenant: string): string {
  const problem = tenantProblem(tenant);
  if (problem === null) return tenant;
  throw new TenantError(problem);
}
