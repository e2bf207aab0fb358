import { IsBoolean, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min } from 'class-validator';

/** Tenants: customers of the application that must never see each other's events. */
export class TenantOptions {
  /** The claim of a token that names its tenant, such as `tenantId` or `org_id`. @default none: no tenants */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  claim?: string;

  /**
   * The role of platform administrators: with it a token needs no tenant, and can choose one for each connection.
   * @default none: there are no platform administrators, and a token without a tenant is refused
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  platformRole?: string;

  /** Adds metrics per tenant. Each tenant adds time series: consider this with thousands of tenants. @default false */
  @IsBoolean()
  metrics = false;

  /** Connections of one tenant on this instance. @default 10000 */
  @IsInt()
  @Min(1)
  maxConnections = 10_000;

  /** Subscriptions of one tenant on this instance. @default 100000 */
  @IsInt()
  @Min(1)
  maxSubscriptions = 100_000;

  /**
   * Events of one tenant that this instance publishes per second, on average, with bursts of twice as many. @default
   * 1000
   */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  eventsPerSecond = 1_000;
}
