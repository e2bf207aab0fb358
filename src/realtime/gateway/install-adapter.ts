import type { Type, WebSocketAdapter } from '@nestjs/common';
import type { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { GATEWAY_METADATA, GATEWAY_OPTIONS } from '../nest/gateway-metadata.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { applicationServer } from './application-server.js';
import { extendExceptionFilter } from './exception-filter.js';
import { guardHooks } from './guard-hooks.js';
import { RealtimeAdapter } from './realtime.adapter.js';
import { RealtimeGateway } from './realtime.gateway.js';
import type { RealtimeServer } from './realtime-server.js';

type AdapterClass = new (httpServer: unknown) => WebSocketAdapter;

/**
 * Puts the module's adapter in front of the application's, so that an application only has to import the module. Other
 * gateways get the adapter that Nest would choose: the one of `useWebSocketAdapter`, otherwise Socket.IO if it is
 * installed, otherwise `ws`.
 */
export async function installAdapter(
  config: ApplicationConfig,
  modules: ModulesContainer,
  host: HttpAdapterHost,
  server: RealtimeServer,
): Promise<void> {
  checkImportedOnce(modules);
  const Default = await defaultAdapter(modules);
  const set = config.setIoAdapter.bind(config);
  const inFrontOf = (choose: () => WebSocketAdapter): RealtimeAdapter =>
    new RealtimeAdapter(server, choose, () => guardHooks(modules, server.path));
  config.setIoAdapter = (adapter) => set(adapter instanceof RealtimeAdapter ? adapter : inFrontOf(() => adapter));
  config.setIoAdapter(inFrontOf(() => new Default(applicationServer(host) ?? undefined)));
  overrideGatewayPath(modules, server.path);
  extendExceptionFilter();
}

/** Throws if the module is imported twice, because both would serve the same path. */
function checkImportedOnce(modules: ModulesContainer): void {
  const roots = [...modules.values()].filter(({ providers }) => providers.has(RealtimeGateway));
  if (roots.length <= 1) return;
  throw new RealtimeOptionsError([
    `forRoot is imported ${roots.length} times: import it once, in the root module. It is global: other modules inject ` +
      'EventsPublisher as it is, and register their channels by RealtimeModule.forFeature',
  ]);
}

async function defaultAdapter(modules: ModulesContainer): Promise<AdapterClass> {
  if (hasOtherGateways(modules)) {
    try {
      return ((await import('@nestjs/platform-socket.io')) as { IoAdapter: AdapterClass }).IoAdapter;
    } catch {
      // Not installed, as in most applications that use `ws`.
    }
  }
  return ((await import('@nestjs/platform-ws')) as { WsAdapter: AdapterClass }).WsAdapter;
}

function hasOtherGateways(modules: ModulesContainer): boolean {
  for (const { providers } of modules.values()) {
    for (const { metatype } of providers.values()) {
      if (metatype && metatype !== RealtimeGateway && Reflect.hasMetadata(GATEWAY_METADATA, metatype)) return true;
    }
  }
  return false;
}

/** Sets a gateway path that differs from the one in the decorator. A subclass limits the change to this application. */
function overrideGatewayPath(modules: ModulesContainer, path: string): void {
  const { path: declared } = Reflect.getMetadata(GATEWAY_OPTIONS, RealtimeGateway) as { path: string };
  if (path === declared) return;
  for (const { providers } of modules.values()) {
    const wrapper = providers.get(RealtimeGateway);
    if (wrapper === undefined) continue;
    const Gateway = class extends RealtimeGateway {} as Type<RealtimeGateway>;
    Reflect.defineMetadata(GATEWAY_OPTIONS, { path }, Gateway);
    wrapper.metatype = Gateway;
  }
}
