/** Options of {@link mountDevtools}. */
export interface DevtoolsOptions {
  /** Opens the panel at once. @default false: a button opens it */
  readonly open?: boolean | undefined;
  /** Delay of each frame, in both directions, while the slow network is simulated, in milliseconds. @default 1000 */
  readonly slowMs?: number | undefined;
  /** The option `WebSocket` of the client, if it has one: the panel sees the frames of its sockets. @default the global one */
  readonly WebSocket?: unknown;
  /** Element that the panel is added to. @default the body of the page */
  readonly container?: { append(element: never): void } | undefined;
}
