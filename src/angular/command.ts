import { DestroyRef, inject, signal, type Signal } from '@angular/core';
import { commandSource, type CommandName, type CommandOf, type CommandOptions } from '../bindings/command-source.js';
import type { RealtimeClient, RealtimeCommands } from '../client/index.js';
import { injectRealtimeClient } from './provider.js';

/** Options of every call, or a function that returns them, such as a signal. It is read at each call. */
export type CommandOptionsInput = CommandOptions | (() => CommandOptions);

/** Type of `injectCommand` for a command map. */
export type InjectCommand<C extends object> = <const N extends string>(
  name: CommandName<C, N>,
  options?: CommandOptionsInput,
) => Signal<CommandOf<C, N>>;

/**
 * Returns a command of the server to call, with the state of its last call: `deploy().call(input)`, `deploy().state`. Forgets it
 * when the client continues as another user. A call continues after the component.
 */
export function injectCommand<const N extends string>(
  name: CommandName<RealtimeCommands, N>,
  options: CommandOptionsInput = {},
): Signal<CommandOf<RealtimeCommands, N>> {
  return commandOf(injectRealtimeClient(), name, options);
}

/** Implements `injectCommand` for any command map. */
export function commandOf<Used>(client: RealtimeClient, name: string, options: CommandOptionsInput = {}): Signal<Used> {
  const source = commandSource<Used>(
    () => client,
    name,
    () => (typeof options === 'function' ? options() : options),
  );
  const view = signal(source.read(client));
  inject(DestroyRef).onDestroy(source.listen(client, () => view.set(source.read(client))));
  return view.asReadonly();
}
