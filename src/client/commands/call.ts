import type { RealtimeCommands } from '../../protocol/commands.js';
import type { RealtimeEvents } from '../../protocol/events.js';
import type { RealtimeClient } from '../types.js';
import { createCalls, type StartCall } from './calls.js';
import type { Call, CallArguments, CallOptions, Calls, InputOf, KnownCommand, OutputOf, ProgressOf } from './types.js';

const starters = new WeakMap<object, StartCall>();

function starterOf(client: object): StartCall {
  let start = starters.get(client);
  if (!start) starters.set(client, (start = createCalls(client as RealtimeClient)));
  return start;
}

/**
 * Calls a command of the server, and resolves with its output. After a break of the connection the client sends the call
 * again with the same id, and the server runs it once.
 *
 *     const app = await call(client, 'apps.rename', { id, name }, { timeoutMs: 5_000 });
 *
 * @throws TypeError for an invalid option, or an input that is not JSON; see {@link Call} for the errors of the promise
 */
export function call<const N extends string, E extends object = object>(
  client: RealtimeClient<E>,
  name: N & KnownCommand<RealtimeCommands, N>,
  ...[input, options = {}]: CallArguments<InputOf<RealtimeCommands, N>>
): Call<OutputOf<RealtimeCommands, N>, ProgressOf<RealtimeCommands, N>> {
  return starterOf(client)(name, input, options) as never;
}

/**
 * Adds the method `call` to a client:
 *
 *     const client = withCommands(createRealtimeClient({ url: '/ws', getToken }));
 *     const app = await client.call('apps.rename', { id, name });
 *
 * `C` is the command map, `E` the event map. @default RealtimeCommands, RealtimeEvents
 * @returns the same client
 */
export function withCommands<C extends object = RealtimeCommands, E extends object = RealtimeEvents>(
  client: RealtimeClient<E>,
): RealtimeClient<E> & Calls<C> {
  const starter = starterOf(client); // now, so that it follows sign-ins from the start
  const start = (name: string, input?: unknown, options: CallOptions = {}): Call => starter(name, input, options);
  return Object.assign(client, { call: start }) as unknown as RealtimeClient<E> & Calls<C>;
}
