import type { ControlResult } from './control-bus.js';

/** The author of a command, for the audit log. */
export interface Actor {
  /** Id of an operator, or name of a job. @default not named */
  readonly by?: string;
}

/** Defines which instances must confirm. */
export interface Confirmation {
  /** `all`: rejects with `CommandUnconfirmedError` if an instance does not confirm. By default, the result lists it in `missing`. */
  readonly require?: 'all';
}

/** Thrown if an instance did not confirm although all were required. It executes the command when it receives it. */
export class CommandUnconfirmedError extends Error {
  override readonly name = 'CommandUnconfirmedError';

  constructor(readonly result: ControlResult) {
    super(`Instances that did not confirm: ${result.missing.join(', ')}. They run the command when it reaches them`);
  }
}

/** @throws CommandUnconfirmedError */
export async function confirmed<R extends ControlResult>(sent: Promise<R>, require?: 'all'): Promise<R> {
  const result = await sent;
  if (require === 'all' && result.missing.length > 0) throw new CommandUnconfirmedError(result);
  return result;
}
