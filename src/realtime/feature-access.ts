import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { EventsPublisher } from './publishing/events-publisher.js';

/** Token of the publisher that every module can inject, also with `isGlobal: false`. */
const PUBLISHER = Symbol('EventsPublisher of RealtimeModule.forRoot');

/** Provides the publisher of `forRoot` to the modules of `forFeature`, which do not import it. @internal */
@Module({})
export class FeatureAccess {
  /** @param root module that provides and exports `EventsPublisher` */
  static to(root: DynamicModule): DynamicModule {
    return {
      module: FeatureAccess,
      global: true,
      imports: [root],
      providers: [{ provide: PUBLISHER, useExisting: EventsPublisher }],
      exports: [PUBLISHER],
    };
  }
}

/** Provider for the modules of `forFeature`. It is an alias, so that Nest calls the hooks of the publisher once. */
export const FEATURE_PUBLISHER: Provider = { provide: EventsPublisher, useExisting: PUBLISHER };
