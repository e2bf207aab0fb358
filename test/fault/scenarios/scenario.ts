import type { Backend } from '../backends/backend.js';
import type { CheckOptions } from '../checker/check.js';
import type { Random } from '../../support/random.js';
import type { World, WorldOptions } from '../world.js';

/**
 * Time after a fault within which every channel must be live again, in milliseconds: a run without events proves
 * nothing.
 */
export const LIVE_WITHIN_MS = 15_000;

/** One kind of fault, which is repeated. */
export interface Scenario<B extends Backend = Backend> extends CheckOptions {
  readonly name: string;
  /** @default LIVE_WITHIN_MS */
  readonly liveWithinMs?: number;
  readonly options?: Partial<Omit<WorldOptions, 'dist' | 'backend' | 'random'>>;
  backend(instances: number, random: Random): Promise<B>;
  /** Runs the fault once. Wrap it in `world.fault`, which records when it is over. */
  round(world: World<B>): Promise<void>;
}

/** Infers the type of the backend for both methods. */
export function scenario<B extends Backend>(definition: Scenario<B>): Scenario {
  return definition;
}
