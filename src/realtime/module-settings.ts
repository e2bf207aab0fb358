import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { RouteMetadata } from './http/realtime-route.js';
import type { RealtimeOptions } from './options/realtime-options.js';

/** Settings that are required before any provider is created. */
export interface RealtimeModuleSettings {
  /**
   * Lets every module inject the services without importing this module. With `false` a module that imports `forFeature` can
   * still inject `EventsPublisher`. @default true
   */
  isGlobal?: boolean;
  /**
   * Metadata that is set on the module's HTTP routes. A global guard of the application can use it to leave these routes
   * to the module's guards: `{ isPublic: true }` has the effect of `@SetMetadata('isPublic', true)`. @default {}
   */
  routeMetadata?: RouteMetadata;
}

/** Options that depend on other providers, for example `ConfigService`. */
export interface RealtimeAsyncOptions extends Pick<ModuleMetadata, 'imports'>, RealtimeModuleSettings {
  useFactory: (...dependencies: never[]) => RealtimeOptions | Promise<RealtimeOptions>;
  inject?: FactoryProvider['inject'];
}
