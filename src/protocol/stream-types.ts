/**
 * The stream map: the result of each stream, and the type of its items if it consists of JSON lines. It types `openStream` in the
 * client, and writers on the server. It is empty; an application adds its streams by declaration merging, or generates them from
 * the AsyncAPI document:
 *
 *     declare module 'nestjs-realtime-client' {
 *       interface RealtimeStreamTypes {
 *         [log: `deployments:${string}:log`]: { result: { exitCode: number } }; // a text
 *         [rows: `imports:${string}:rows`]: { item: Row; result: Summary };
 *       }
 *     }
 */
// oxlint-disable-next-line
export interface RealtimeStreamTypes {}

/** Channels of streams: those of the stream map, or any string while it is empty. */
export type StreamChannel<T> = [keyof T] extends [never] ? string : keyof T & string;

/** Type of the items of a stream: `never` for a text, `unknown` for a channel that is not in the stream map. */
export type StreamItem<T, C extends string> = C extends keyof T
  ? T[C] extends { readonly item: infer Item }
    ? Item
    : never
  : unknown;

/** Type of the result of a stream; `unknown` for a channel that is not in the stream map. */
export type StreamResult<T, C extends string> = C extends keyof T
  ? T[C] extends { readonly result: infer Result }
    ? Result
    : unknown
  : unknown;

/** Type of what a writer appends: strings to a text, items to a stream of JSON lines. */
export type StreamPiece<Item> = [Item] extends [never] ? string : Item;
