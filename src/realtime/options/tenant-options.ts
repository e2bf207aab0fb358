import { IsBoolean, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min } from 'class-validator';

/** Tenants: customers of the application that must never see each other's events. */
export class TenantOptions {
  /** Claim with the tenant of a token, such as `tenantId` or `org_id`. @default none: no tenants */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  claim?: string;

  /**
   * Role of platform admins. Their tokens need no tenant, and they can choose a tenant for each connection.
   * @default none: there are no platform admins, and a token without a tenant is refused
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  platformRole?: string;

  /** Adds metrics per tenant. Each tenant adds time series, which matters with thousands of tenants. @default false */
  @IsBoolean()
  metrics = false;

  /** Maximum number of connections of one tenant on this instance. @default 10000 */
  @IsInt()
  @Min(1)
  maxConnections = 10_000;

  /** Maximum number of subscriptions of one tenant on this instance. @default 100000 */
  @IsInt()
  @Min(1)
  maxSubscriptions = 100_000;

  /**
   * Events per second of one tenant that this instance publishes, on average, with bursts of twice as many.
   * @default 1000
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  eventsPerSecond = 1_000;
}
