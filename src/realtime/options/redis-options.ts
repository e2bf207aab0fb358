import { IsArray, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';

const ADDRESS = /^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/;
const CERTIFICATE = /^-----BEGIN CERTIFICATE-----/m;

/** The Redis (7 or later) or Valkey (8 or later) that joins several instances: one server, Sentinel, or Cluster. */
export class RedisOptions {
  /** `redis://` or `rediss://user:password@host:port/db`; beside Sentinels or Cluster nodes only user, password, database and TLS count. @default none */
  @IsOptional()
  @IsString()
  @Matches(/^rediss?:\/\/./, { message: 'must begin with redis:// or rediss://' })
  url?: string;

  /** The Sentinels, as `host:port`. @default [] */
  @IsArray()
  @Matches(ADDRESS, { each: true, message: 'must be addresses such as sentinel-1:26379' })
  sentinels: string[] = [];

  /** The name under which the Sentinels know the master. @default 'mymaster' */
  @IsString()
  @IsNotEmpty()
  sentinelName = 'mymaster';

  /** The user name for the Sentinels; that of the master is in `url`. @default none */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  sentinelUsername?: string;

  /** The password that the Sentinels ask for. @default none */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  sentinelPassword?: string;

  /** Some nodes of the Cluster, as `host:port`. @default [] */
  @IsArray()
  @Matches(ADDRESS, { each: true, message: 'must be addresses such as redis-1:6379' })
  cluster: string[] = [];

  /** The authority (CA) that signed the certificates of Redis, as PEM, where it is none of the public ones; with `rediss://`. @default the public ones */
  @IsOptional()
  @IsString()
  @Matches(CERTIFICATE, { message: 'must be a certificate as PEM' })
  tlsCa?: string;

  /** The certificate that Redis asks of its clients (`tls-auth-clients`), as PEM; with `tlsKey`. @default none */
  @IsOptional()
  @IsString()
  @Matches(CERTIFICATE, { message: 'must be a certificate as PEM' })
  tlsCert?: string;

  /** The private key of `tlsCert`, as PEM, without a passphrase. @default none */
  @IsOptional()
  @IsString()
  @Matches(/^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/m, {
    message: 'must be a private key as PEM, without a passphrase',
  })
  tlsKey?: string;

  /** The prefix of all keys. @default 'rt:' */
  @IsString()
  @Matches(/^[\w:.-]{1,50}$/, { message: 'must be 1 to 50 of A-Z a-z 0-9 _ : . -' })
  prefix = 'rt:';
}
