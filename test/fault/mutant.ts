import type { Patch } from './build.js';
import type { ViolationClass } from './checker/violations.js';
import type { Scenario } from './scenarios/scenario.js';

/** A deliberate bug in the product. The suite must find it in each of its scenarios. */
export interface Mutant {
  readonly name: string;
  readonly scenarios: readonly Scenario[];
  /** Each of these counts as found: a busy machine can cause another kind. */
  readonly shows: readonly (ViolationClass | 'problem')[];
  readonly patches: readonly Patch[];
}
