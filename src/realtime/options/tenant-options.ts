import { IsBoolean, IsInt, IsNotEmpty, IsOptional, IsString, Max, Min } from 'class-validator';

/** Customers of the application that must never see each other's events: each has a space of its own. */
export class TenantOptions {
  /** The claim of a token that names its tenant, such as `tenantId` or `org_id`. @default none: there are no tenants */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  claim?: string;

  /**
   * The role of platform administrators: with it a token needs no tenant, and can name one for each connection.
   * @default none: there are no platform administrators, and a token without a tenant is refused
   */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  platformRole?: string;

  /** Whether the metrics tell of each tenant: that makes series for each, which a platform with thousands may not want. @default false */
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

  /** Events of one tenant that this instance publishes per second, on average; twice as many may come at once. @default 1000 */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  eventsPerSecond = 1_000;
}
