/**
 * The state map: the state of each live resource, by channel. It types `live` in the client, and patches on the server. It is
 * empty; an application adds its live resources by declaration merging, or generates them from the AsyncAPI document:
 *
 *     declare module 'nestjs-realtime-client' {
 *       interface RealtimeStates {
 *         [board: `projects:${string}:board`]: { cards: Record<string, { column: string }> };
 *       }
 *     }
 */
// oxlint-disable-next-line
export interface RealtimeStates {}

/** Type of the state of a channel; `unknown` for a channel that is not in the state map. */
export type StateData<C extends string> = C extends keyof RealtimeStates ? RealtimeStates[C] : unknown;
