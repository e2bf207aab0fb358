import { ApplicationConfig, ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';

/** Nest's container of modules. Its class is not exported. */
type Container = Parameters<(typeof ExternalContextCreator)['fromContainer']>[0];

/** Nest's handler of exceptions, with the filters of one method. */
interface ExceptionsHandler {
  invokeCustomFilters(exception: unknown, host: unknown): unknown;
  next(exception: unknown, host: unknown): unknown;
}

interface Filters {
  create(...about: unknown[]): ExceptionsHandler;
}

const MOVED =
  'RealtimeModule: this version of @nestjs/core keeps its container elsewhere; versions 11 and 12 are supported';

/**
 * Returns Nest's runner of guards, interceptors, pipes and filters for handlers that are not routes. An exception that no filter
 * handles is thrown, and not logged: the caller does that.
 * @param withGlobals also runs those that the application registered for everything (`useGlobalGuards`, `APP_GUARD`)
 * @throws Error if this version of Nest stores its container elsewhere
 */
export function contextCreatorOf(moduleRef: ModuleRef, withGlobals: boolean): ExternalContextCreator {
  const { container } = moduleRef as unknown as { container?: Container };
  if (!(container?.applicationConfig instanceof ApplicationConfig)) throw new Error(MOVED);
  // Without the global enhancers of the configuration, but with all modules and providers.
  const own = { applicationConfig: { value: new ApplicationConfig() } };
  const creator = ExternalContextCreator.fromContainer(
    withGlobals ? container : (Object.create(container, own) as Container),
  );
  const { filtersContextCreator: filters } = creator as unknown as { filtersContextCreator?: Filters };
  if (typeof filters?.create !== 'function') throw new Error(MOVED);
  const create = filters.create.bind(filters);
  filters.create = (...about) => withoutLog(create(...about));
  return creator;
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
