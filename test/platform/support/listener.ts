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

/**
 * Waits for these events, each as its channel and, if its data has one, its status. Those of one channel must come in this order; there is no
 * order across channels. Fails if the client has received any other event.
 */
export async function expectEvents(client: WsClient, expected: readonly string[]): Promise<EventFrame[]> {
  const frames: EventFrame[] = [];
  for (const entry of expected) {
    const [channel] = entry.split(' ');
    frames.push(await client.next('event', (event) => event.channel === channel));
  }
  expect(frames.map(describeEvent)).toEqual(expected);
  await client.expectNone('event');
  return frames;
}

const describeEvent = ({ channel, data }: EventFrame): string =>
  [channel, (data as { status?: string }).status].filter(Boolean).join(' ');
