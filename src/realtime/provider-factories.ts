import type { HttpAdapterHost, ModulesContainer, ApplicationConfig } from '@nestjs/core';
import { ClusterSeal } from './auth/cluster-seal.js';
import { StaticKeys, type TokenKeys } from './auth/token-keys.js';
import type { Backend, BackendContext } from './backends/backend.js';
import { memoryBackend } from './backends/memory/memory.backend.js';
import { redisTarget } from './backends/redis/redis-address.js';
import { redisBackend } from './backends/redis/redis.backend.js';
import { ChannelFeatures } from './channels/channel-features.js';
import type { Lease } from './cluster/instances/lease.js';
import { deferBodies } from './http/deferred-bodies.js';
import { unmapRoutes } from './http/map-routes.js';
import type { ForeignData } from './observability/foreign-data.js';
import type { ResolvedRealtimeOptions } from './options/realtime-options.js';
import type { RealtimeClock } from './timing/realtime-clock.js';

/** Removes disabled routes, and defers the body parsing of the others. */
export function prepareRoutes(
  modules: ModulesContainer,
  host: HttpAdapterHost,
  config: ApplicationConfig,
  options: ResolvedRealtimeOptions,
): void {
  unmapRoutes(modules, options);
  deferBodies(host, config, options);
}

/** Collects the channels of every `forFeature`. */
export function channelFeatures(modules: ModulesContainer): ChannelFeatures {
  return ChannelFeatures.of(modules);
}

/** Creates the backend of the options: the application's, Redis or memory. */
export function createBackend(
  { backend: create, redis }: ResolvedRealtimeOptions,
  ...[clock, lease, foreign]: [RealtimeClock, Lease, ForeignData]
): Backend | Promise<Backend> {
  const context: BackendContext = { clock, lease, foreign };
  const factory = create ?? (redisTarget(redis) === null ? memoryBackend() : redisBackend(redis));
  return factory(context);
}

/** Creates the keys that verify tokens. */
export async function tokenKeys({ jwt }: ResolvedRealtimeOptions): Promise<TokenKeys> {
  if (jwt.jwksUrl === undefined) return new StaticKeys(jwt);
  // Loaded here: only these keys need `jose`.
  const { JwksKeys } = await import('./auth/jwks-keys.js');
  return new JwksKeys(jwt);
}

export function clusterSeal({ clusterKeys }: ResolvedRealtimeOptions): ClusterSeal {
  return new ClusterSeal(clusterKeys);
}
