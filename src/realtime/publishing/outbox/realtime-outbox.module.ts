import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata, type Provider } from '@nestjs/common';
import { ResolvedOutboxOptions, resolveOutboxOptions, type RealtimeOutboxOptions } from './outbox-options.js';
import { OutboxRelay } from './outbox-relay.service.js';
import { RealtimeOutbox } from './realtime-outbox.service.js';

/** Options that depend on other providers, such as the database. */
export interface RealtimeOutboxAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  useFactory: (...dependencies: never[]) => RealtimeOutboxOptions | Promise<RealtimeOutboxOptions>;
  inject?: FactoryProvider['inject'];
}

/**
 * Provides `RealtimeOutbox` to every module, and sends stored events. Import it once, in the root module, next to a
 * global `RealtimeModule`.
 */
@Module({})
export class RealtimeOutboxModule {
  /** @throws RealtimeOptionsError at start, with a line for each option that is wrong */
  static forRoot(options: RealtimeOutboxOptions): DynamicModule {
    return build({ provide: ResolvedOutboxOptions, useFactory: () => resolveOutboxOptions(options) });
  }

  /** {@link forRoot} with options from a factory. */
  static forRootAsync({ imports = [], inject = [], useFactory }: RealtimeOutboxAsyncOptions): DynamicModule {
    const resolve = async (...dependencies: never[]) => resolveOutboxOptions(await useFactory(...dependencies));
    return build({ provide: ResolvedOutboxOptions, useFactory: resolve, inject }, imports);
  }
}

function build(options: Provider, imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: RealtimeOutboxModule,
    global: true,
    imports,
    providers: [options, OutboxRelay, RealtimeOutbox],
    exports: [RealtimeOutbox],
  };
}
