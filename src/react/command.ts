import { useMemo, useSyncExternalStore } from 'react';
import type { CommandOf, CommandOptions } from '../bindings/command-source.js';
import { CommandState, NOT_CALLED } from '../bindings/command-state.js';
import {
  call,
  type Call,
  type CallOptions,
  type KnownCommand,
  type RealtimeClient,
  type RealtimeCommands,
} from '../client/index.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';

/** Options of every call of a hook. */
export type UseCommandOptions = CommandOptions;

/** Type of `useCommand` for a command map. */
export type UseCommand<C extends object> = <const N extends string>(
  name: N & KnownCommand<C, N>,
  options?: UseCommandOptions,
) => CommandOf<C, N>;

/**
 * Returns a command of the server to call, with the state of its last call:
 *
 *     const { call, state, error } = useCommand('apps.rename');
 *     <button disabled={state === 'pending'} onClick={() => call({ id, name })}>Rename</button>
 *
 * `useCommand` of the entry point `react-query` also updates queries before the answer.
 */
export function useCommand<const N extends string>(
  name: N & KnownCommand<RealtimeCommands, N>,
  options: UseCommandOptions = {},
): CommandOf<RealtimeCommands, N> {
  return useNamedCommand(name, options, startCall);
}

/** Starts a call of a client. */
export type CommandStarter = (client: RealtimeClient, name: string, input: unknown, options: CallOptions) => Call;

export const startCall: CommandStarter = (client, name, input, options) => call<string>(client, name, input, options);

/** Implements `useCommand` for any command map. @param start the function of the last render is called */
export function useNamedCommand<Used>(name: string, options: UseCommandOptions, start: CommandStarter): Used {
  const client = useRealtimeClient();
  const latest = useLatest({ options, start });
  const command = useMemo(
    () =>
      new CommandState(client, (input, given) => {
        const { options: common, start: begin } = latest.current;
        return begin(client, name, input, { ...common, ...given });
      }),
    [client, name, latest],
  );
  const view = useSyncExternalStore(command.subscribe, command.snapshot, () => NOT_CALLED);
  const { call: callIt, cancel, reset } = command;
  return { ...view, call: callIt, cancel, reset } as Used;
}
