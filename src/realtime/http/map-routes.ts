import type { ModulesContainer } from '@nestjs/core';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { routeOf, type RealtimeRoute } from './realtime-route.js';

/** Returns true if the options enable the route. */
export function isEnabled(route: RealtimeRoute, options: ResolvedRealtimeOptions): boolean {
  switch (route) {
    case 'publish':
      return options.publishApi;
    case 'tickets':
      return options.ticketApi;
    case 'history':
      return options.historyApi;
    case 'commands':
      return options.commands.http;
    case 'stream':
      return options.streamApi;
    case 'operators':
    case 'asyncapi':
      return options.operatorApi;
    case 'console':
      return options.console;
  }
}

/**
 * Removes the controllers of disabled routes before Nest maps and logs them. It runs while the module's providers are
 * created: then the options are known, also those of `forRootAsync`, and Nest has neither created nor mapped the
 * controllers.
 * @throws Error if Nest stores its controllers differently than in this version
 */
export function unmapRoutes(modules: ModulesContainer, options: ResolvedRealtimeOptions): void {
  let found = 0;
  for (const { controllers } of modules.values()) {
    if (!(controllers instanceof Map)) throw new Error(UNKNOWN_NEST);
    for (const controller of [...controllers.keys()]) {
      const route = routeOf(controller);
      if (route === undefined) continue;
      found += 1;
      if (!isEnabled(route, options)) controllers.delete(controller);
    }
  }
  if (found === 0) throw new Error(UNKNOWN_NEST);
}

const UNKNOWN_NEST =
  'RealtimeModule: this version of @nestjs/core keeps its controllers elsewhere, so routes cannot be switched off; versions 11 and 12 are supported';
