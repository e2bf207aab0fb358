import { ApplicationConfig, ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';

/** Nest's container of modules. Its class is not exported. */
type Container = Parameters<(typeof ExternalContextCreator)['fromContainer']>[0];

/** Nest's handler of exceptions, with the filters of one method. */
interface ExceptionsHandler {
  readonly filters: readonly unknown[];
  invokeCustomFilters(exception: unknown, host: unknown): unknown;
  next(exception: unknown, host: unknown): unknown;
}

/** Creates the enhancers of one method. */
interface Source<T> {
  create(...about: unknown[]): T;
}

/** The private fields of Nest's creator that are used. */
interface Sources {
  readonly guardsContextCreator: Source<readonly unknown[]>;
  readonly interceptorsContextCreator: Source<readonly unknown[]>;
  readonly pipesContextCreator: Source<readonly unknown[]>;
  readonly filtersContextCreator: Source<ExceptionsHandler>;
}

type Create = ExternalContextCreator['create'];

/** A method as Nest runs it. */
export interface NestHandler {
  readonly run: ReturnType<Create>;
  /** True with a guard, interceptor, filter, or pipe of the method. Without, Nest only passes the parameters. */
  readonly isEnhanced: boolean;
}

const MOVED =
  'RealtimeModule: this version of @nestjs/core keeps its container elsewhere; versions 11 and 12 are supported';

/**
 * Runs methods that are not routes with Nest's guards, interceptors, pipes and filters. An exception that no filter handles is
 * thrown, and not logged: the caller does that.
 */
export class HandlerCreator {
  private readonly creator: ExternalContextCreator;
  /** Number of the enhancers that Nest has created. */
  private created = 0;

  /**
   * @param withGlobals also runs those that the application registered for everything (`useGlobalGuards`, `APP_GUARD`)
   * @throws Error if this version of Nest stores its container elsewhere
   */
  constructor(moduleRef: ModuleRef, withGlobals: boolean) {
    const { container } = moduleRef as unknown as { container?: Container };
    if (!(container?.applicationConfig instanceof ApplicationConfig)) throw new Error(MOVED);
    // Without the global enhancers of the configuration, but with all modules and providers.
    const own = { applicationConfig: { value: new ApplicationConfig() } };
    this.creator = ExternalContextCreator.fromContainer(
      withGlobals ? container : (Object.create(container, own) as Container),
    );
    const sources = this.creator as unknown as Sources;
    this.observe(sources.guardsContextCreator, (guards) => guards);
    this.observe(sources.interceptorsContextCreator, (interceptors) => interceptors);
    this.observe(sources.pipesContextCreator, (pipes) => pipes);
    this.observe(sources.filtersContextCreator, (handler) => withoutLog(handler).filters);
  }

  /** @param about as for Nest's {@link ExternalContextCreator} */
  create(...about: Parameters<Create>): NestHandler {
    const before = this.created;
    const run = this.creator.create(...about);
    return { run, isEnhanced: this.created > before };
  }

  /** Counts the enhancers that Nest creates. */
  private observe<T>(source: Source<T> | undefined, enhancersOf: (created: T) => readonly unknown[]): void {
    if (typeof source?.create !== 'function') throw new Error(MOVED);
    const create = source.create.bind(source);
    source.create = (...about) => {
      const created = create(...about);
      const enhancers = enhancersOf(created);
      if (!Array.isArray(enhancers)) throw new Error(MOVED);
      this.created += enhancers.length;
      return created;
    };
  }
}

/** Nest would log each exception, and clients cause many of them. */
function withoutLog(handler: ExceptionsHandler): ExceptionsHandler {
  if (typeof handler.invokeCustomFilters !== 'function') throw new Error(MOVED);
  handler.next = (exception, host) => {
    const result = handler.invokeCustomFilters(exception, host) ?? null;
    if (result === null) throw exception;
    return isObservable(result) ? lastValueFrom(result) : result;
  };
  return handler;
}
