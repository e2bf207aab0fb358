import type { ServerFrame } from '../../../src/protocol/frames.js';
import { connect, type WsClient } from '../../support/ws-client.js';

type EventFrame = Extract<ServerFrame, { type: 'event' }>;

/** Connects with the token in the query, like the users' clients, and subscribes. Resolves once it receives events. */
export async function listen(url: string, token: string, channels: readonly string[]): Promise<WsClient> {
  const client = await connect(url, { token });
  await client.next('connected');
  client.send({ type: 'subscribe', channels });
  await client.fence();
  return client;
}

/** Takes the next event of this channel and skips others. */
export async function nextEvent<T = Record<string, unknown>>(client: WsClient, channel: string): Promise<T> {
  const frame = await client.next('event', (event) => event.channel === channel);
  return frame.data as T;
}

/** Lists all received events in order: channel, and status if there is one. */
export function story(client: WsClient): string[] {
  return client.frames
    .filter((frame): frame is EventFrame => frame.type === 'event')
    .map(({ channel, data }) => [channel, (data as { status?: string }).status].filter(Boolean).join(' '));
}
