import type { Backend } from '../backends/backend.js';
import type { CheckOptions } from '../checker/check.js';
import type { Random } from '../../support/random.js';
import type { World, WorldOptions } from '../world.js';

/** After the end of a fault, every channel is live again within this time: a run in which nothing arrives is not a good run. */
export const LIVE_WITHIN_MS = 15_000;

/** One kind of fault, that happens again and again. */
export interface Scenario<B extends Backend = Backend> extends CheckOptions {
  readonly name: string;
  /** @default LIVE_WITHIN_MS */
  readonly liveWithinMs?: number;
  readonly options?: Partial<Omit<WorldOptions, 'dist' | 'backend' | 'random'>>;
  backend(instances: number, random: Random): Promise<B>;
  /** Lets the fault happen once; `world.fault` around what is to be over when it returns. */
  round(world: World<B>): Promise<void>;
}

/** Keeps the type of the backend between its two methods. */
export function scenario<B extends Backend>(definition: Scenario<B>): Scenario {
  return definition;
}
