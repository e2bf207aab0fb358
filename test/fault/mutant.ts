import type { Patch } from './build.js';
import type { ViolationClass } from './checker/violations.js';
import type { Scenario } from './scenarios/scenario.js';

/** A fault of the product, made on purpose. The suite has to find it in each of its scenarios. */
export interface Mutant {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** It is found if any of these is: a busy machine can cause another kind. */
  readonly shows: readonly (ViolationClass | 'problem')[];
  readonly patches: readonly Patch[];
}
