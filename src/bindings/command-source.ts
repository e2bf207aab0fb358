import {
  call,
  type Call,
  type CallArguments,
  type CallOptions,
  type InputOf,
  type KnownCommand,
  type OutputOf,
  type ProgressOf,
  type RealtimeClient,
} from '../client/index.js';
import { CommandState, NOT_CALLED, type CommandView } from './command-state.js';
import type { StateSource } from './state-sources.js';

/** Options of every call of a component. */
export type CommandOptions = Omit<CallOptions, 'callId' | 'signal'>;

/** A command, and the state of its last call. The functions are stable. */
export interface Command<Input, Output, Progress> extends CommandView<Output, Progress> {
  /** Calls the command. The promise can be ignored: `error` has its error. A call continues after the component. */
  readonly call: (...args: CallArguments<Input>) => Call<Output, Progress>;
  /** Cancels the pending call. */
  readonly cancel: () => void;
  /** Goes back to `idle`. A pending call continues. */
  readonly reset: () => void;
}

/** A command by its name in the command map. */
export type CommandOf<C, N extends string> = Command<InputOf<C, N>, OutputOf<C, N>, ProgressOf<C, N>>;

/** A name in the command map. */
export type CommandName<C, N extends string> = N & KnownCommand<C, N>;

/**
 * The state of a command for a component.
 * @param client returns the current client: with another one, the state begins again
 * @param options called for each call
 */
export function commandSource<Used>(
  client: () => RealtimeClient,
  name: string,
  options: () => CommandOptions,
): StateSource<Used> {
  let current: { readonly of: RealtimeClient; readonly state: CommandState } | null = null;
  const stateOf = (of: RealtimeClient): CommandState => {
    const start = (input: unknown, given: CallOptions): Call =>
      call<string>(of, name, input, { ...options(), ...given });
    if (current?.of !== of) current = { of, state: new CommandState(of, start) };
    return current.state;
  };
  const functions = {
    call: (input?: unknown, given?: CallOptions) => stateOf(client()).call(input, given),
    cancel: () => stateOf(client()).cancel(),
    reset: () => stateOf(client()).reset(),
  };
  return {
    initial: { ...NOT_CALLED, ...functions } as Used,
    read: (of) => ({ ...stateOf(of).snapshot(), ...functions }) as Used,
    listen: (of, changed) => stateOf(of).subscribe(changed),
  };
}
