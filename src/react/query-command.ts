import { useQueryClient } from '@tanstack/react-query';
import type { InputOf, KnownCommand, RealtimeCommands } from '../client/index.js';
import type { CommandOf } from '../bindings/command-source.js';
import { startCall, useNamedCommand, type CommandStarter, type UseCommandOptions } from './command.js';
import { updateOptimistically, type OptimisticQueries } from './optimistic.js';

/** Options of `useCommand` with optimistic updates. */
export interface UseOptimisticCommandOptions<Input> extends UseCommandOptions {
  /** Changes queries before the answer of the command. Must not have other effects. @default no change */
  readonly optimistic?: ((queries: OptimisticQueries, input: Input) => void) | undefined;
}

/** Type of `useCommand` with optimistic updates, for a command map. */
export type UseOptimisticCommand<C extends object> = <const N extends string>(
  name: N & KnownCommand<C, N>,
  options?: UseOptimisticCommandOptions<InputOf<C, N>>,
) => CommandOf<C, N>;

/**
 * `useCommand` of the entry point `react`, with optimistic updates:
 *
 *     const { call, error } = useCommand('apps.rename', {
 *       optimistic: (queries, { id, name }) =>
 *         queries.setQueryData<App[]>(['apps'], (apps) => apps.map((app) => (app.id === id ? { ...app, name } : app))),
 *     });
 *
 * The change is shown at once, on top of the server's data. It is removed when the server's data contains it: after the
 * events of the command have updated the query (`useRealtimePatch`), or have caused a refetch (`useRealtimeInvalidation`).
 * If they did neither, or the server made something else of the change, the query is refetched. If the command fails, the
 * change is removed; events that arrived meanwhile remain.
 */
export function useCommand<const N extends string>(
  name: N & KnownCommand<RealtimeCommands, N>,
  options: UseOptimisticCommandOptions<InputOf<RealtimeCommands, N>> = {},
): CommandOf<RealtimeCommands, N> {
  return useOptimisticNamedCommand(name, options as UseOptimisticCommandOptions<never>);
}

/** Implements `useCommand` with optimistic updates for any command map. */
export function useOptimisticNamedCommand<Used>(
  name: string,
  { optimistic, ...options }: UseOptimisticCommandOptions<never> = {},
): Used {
  const queries = useQueryClient();
  const start: CommandStarter = (client, called, input, given) => {
    if (optimistic === undefined) return startCall(client, called, input, given);
    const update = updateOptimistically(queries, (changed) => optimistic(changed, input as never));
    try {
      const own = startCall(client, called, input, given);
      own.settled.then(
        () => update.settle(),
        () => update.revert(),
      );
      return own;
    } catch (error) {
      update.revert();
      throw error;
    }
  };
  return useNamedCommand(name, options, start);
}
