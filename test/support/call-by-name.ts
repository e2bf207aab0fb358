import { call, type Call, type CallOptions, type RealtimeClient } from '../../src/client/index.js';

/** Calls a command that is not in the command map. */
export function callByName(client: RealtimeClient, name: string, input?: unknown, options?: CallOptions): Call {
  return call(client, name, input, options);
}
