import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { currentTenant } from './current-tenant.js';
import { tenantProblem, topicOf, userKeyOf } from './topic.js';

/** The tenant is missing, unknown or not allowed. The message is a sentence without its subject. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
}

/** Determines the tenant of an event: the given one, otherwise that of the running code. */
export class Tenants {
  private readonly claim: string | undefined;

  constructor({ tenants }: Pick<ResolvedRealtimeOptions, 'tenants'>) {
    this.claim = tenants.claim;
  }

  /**
   * Returns the topic of a channel for a publisher.
   * @param isGlobal true if the channel is global
   * @throws TenantError if the tenant is missing, invalid, or given for a channel without tenants
   */
  topicOf(channel: string, isGlobal: boolean, tenant: string | undefined): string {
    if (this.claim === undefined) return topicOf(this.none(tenant), channel);
    if (isGlobal) {
      if (tenant !== undefined)
        throw new TenantError(`must not be given: ${channel} is global, all tenants receive it`);
      return channel;
    }
    const effective = tenant ?? currentTenant();
    if (effective !== null) return topicOf(checked(effective), channel);
    throw new TenantError(
      `is missing: name it ({ tenant }), run the code in withTenant(tenant, …), or declare ${channel} global`,
    );
  }

  /**
   * Returns the key of a user.
   * @param tenant `null` for a platform user
   * @throws TenantError
   */
  userKeyOf(userId: string, tenant: string | null | undefined): string {
    if (this.claim === undefined) {
      this.none(tenant ?? undefined);
      return userId;
    }
    const effective = tenant === undefined ? currentTenant() : tenant;
    if (effective !== null) return userKeyOf(checked(effective), userId);
    if (tenant === null) return userKeyOf(null, userId);
    throw new TenantError('is missing: name it ({ tenant }), or null for a platform user without a tenant');
  }

  /**
   * Returns the given tenant, or that of the running code; `null` without the option `tenants`.
   * @throws TenantError
   */
  effective(tenant: string | undefined): string | null {
    if (this.claim === undefined) return this.none(tenant);
    const effective = tenant ?? currentTenant();
    if (effective !== null) return checked(effective);
    throw new TenantError('is missing: name it ({ tenant }), or run the code in withTenant(tenant, …)');
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
