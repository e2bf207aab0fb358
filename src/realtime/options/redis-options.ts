import { IsArray, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';

const ADDRESS = /^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/;

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

  /** Some nodes of the Cluster, as `host:port`. @default [] */
  @IsArray()
  @Matches(ADDRESS, { each: true, message: 'must be addresses such as redis-1:6379' })
  cluster: string[] = [];

  /** What the names of all keys begin with. @default 'rt:' */
  @IsString()
  @Matches(/^[\w:.-]{1,50}$/, { message: 'must be 1 to 50 of A-Z a-z 0-9 _ : . -' })
  prefix = 'rt:';
}
