/** A panel for development that shows what the client does. Production builds contain `none.ts` in its place. */
import type { RealtimeClient, Stop } from '../client/index.js';
import { FallbackSocket } from '../client/sse/fallback-socket.js';
import { StreamSocket } from '../client/sse/stream-socket.js';
import type { AnyClient } from './any-client.js';
import { pageHere } from './dom.js';
import type { DevtoolsOptions } from './options.js';
import { createPanel, type Panel } from './panel.js';
import { createRecorder } from './recorder.js';

export type { DevtoolsOptions };

/** Panels by client: a second call for the same client returns the first panel. */
const mounted = new WeakMap<object, Stop>();

/**
 * Adds a panel to the page: states of the client, its channels with their positions, events with size and delay, and what
 * was recovered. It can cut the connection and simulate a slow network. Without a page it does nothing.
 * @returns a function that removes the panel
 * @throws TypeError if `slowMs` is not a number from 0
 */
export function mountDevtools<E extends object>(
  client: RealtimeClient<E>,
  { open = false, slowMs = 1_000, WebSocket, container }: DevtoolsOptions = {},
): Stop {
  if (!(slowMs >= 0 && slowMs < Infinity))
    throw new TypeError(`slowMs is ${slowMs}: use a number of milliseconds from 0`);
  const page = pageHere();
  const parent = container ?? page?.document.body;
  if (page === undefined) return () => undefined;
  if (!parent) throw new TypeError('The page has no body yet: call mountDevtools later, or pass a container');
  const earlier = mounted.get(client);
  if (earlier !== undefined) return earlier;

  const shown: { panel?: Panel } = {}; // the recorder can report before there is a panel
  const { WebSocket: globalClass } = globalThis as { WebSocket?: unknown };
  const known = client as unknown as AnyClient;
  const classes = [WebSocket ?? globalClass, FallbackSocket, StreamSocket];
  const recorder = createRecorder(known, { slowMs, classes }, () => shown.panel?.changed());
  const panel = (shown.panel = createPanel(page, known, recorder, { isOpen: open, slowMs, container: parent }));
  const stop = (): void => {
    mounted.delete(client);
    recorder.stop();
    panel.remove();
  };
  mounted.set(client, stop);
  return stop;
}
