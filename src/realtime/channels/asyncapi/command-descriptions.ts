import type { EventClass } from '../../options/channel-definition.js';

/** A command of the application, as documents describe it. */
export interface DescribedCommand {
  readonly name: string;
  /** Class of the input; `null` for any JSON. */
  readonly input: EventClass | null;
  /** Class of the result, or of each entry of a list; `null` for any JSON. */
  readonly output: EventClass | readonly [EventClass] | null;
  /** True if it runs at most once for the id of a call. */
  readonly once: boolean;
  /** True if clients without a token can call it. */
  readonly anonymous: boolean;
  readonly offline: 'fail' | 'queue';
}

/** Finds the commands of the application without constructing them. */
export abstract class CommandDescriptions {
  /** Returns the commands, sorted by name. */
  abstract all(): readonly DescribedCommand[];
}
