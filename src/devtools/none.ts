import type { RealtimeClient, Stop } from '../client/index.js';
import type { DevtoolsOptions } from './options.js';

export type { DevtoolsOptions };

/**
 * Does nothing. Bundlers take this module instead of the panel, unless they build for development (the export condition
 * `development`), so that no panel reaches production.
 */
export function mountDevtools<E extends object>(_client: RealtimeClient<E>, _options?: DevtoolsOptions): Stop {
  return () => undefined;
}
