import { IsArray, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';

const ADDRESS = /^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/;
const CERTIFICATE = /^-----BEGIN CERTIFICATE-----/m;

/** Redis (7 or later) or Valkey (8 or later) that connects several instances: one server, Sentinel, or Cluster. */
export class RedisOptions {
  /**
   * `redis://` or `rediss://user:password@host:port/db`. With Sentinels or Cluster nodes, only user, password, database
   * and TLS are used. @default none
   */
  @IsOptional()
  @IsString()
  @Matches(/^rediss?:\/\/./, { message: 'must begin with redis:// or rediss://' })
  url?: string;

  /** Sentinels, as `host:port`. @default [] */
  @IsArray()
  @Matches(ADDRESS, { each: true, message: 'must be addresses such as sentinel-1:26379' })
  sentinels: string[] = [];

  /** Name of the master in Sentinel. @default 'mymaster' */
  @IsString()
  @IsNotEmpty()
  sentinelName = 'mymaster';

  /** User name for the Sentinels. The user name for the master is in `url`. @default none */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  sentinelUsername?: string;

  /** Password for the Sentinels. @default none */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  sentinelPassword?: string;

  /** Nodes of the Cluster, as `host:port`; some of them are enough. @default [] */
  @IsArray()
  @Matches(ADDRESS, { each: true, message: 'must be addresses such as redis-1:6379' })
  cluster: string[] = [];

  /**
   * Certificate of the authority (CA) that signed the certificates of Redis, as PEM, if it is not a public one. Needs
   * `rediss://`. @default the public ones
   */
  @IsOptional()
  @IsString()
  @Matches(CERTIFICATE, { message: 'must be a certificate as PEM' })
  tlsCa?: string;

  /** Client certificate for Redis (`tls-auth-clients`), as PEM. Needs `tlsKey`. @default none */
  @IsOptional()
  @IsString()
  @Matches(CERTIFICATE, { message: 'must be a certificate as PEM' })
  tlsCert?: string;

  /** Private key of `tlsCert`, as PEM, without a passphrase. @default none */
  @IsOptional()
  @IsString()
  @Matches(/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/m, {
    message: 'must be a private key as PEM, without a passphrase',
  })
  tlsKey?: string;

  /** Prefix of all keys. @default 'rt:' */
  @IsString()
  @Matches(/^[\w:.-]{1,50}$/, { message: 'must be 1 to 50 of A-Z a-z 0-9 _ : . -' })
  prefix = 'rt:';
}
