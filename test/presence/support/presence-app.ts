import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import { Lease } from '../../../src/realtime/cluster/instances/lease.js';
import { RealtimeApp, withDefaults, type TestOptions } from '../../realtime/support/realtime-app.js';
import { Child } from '../../support/child.js';
import type { WsClient } from '../../support/ws-client.js';
import { within } from '../../support/within.js';

/** The channel with presence that most tests use; `announcements` has presence too. */
export const ROOM = 'rooms:lobby';
/** A channel without presence. */
export const BARE = 'apps:created';

type PresenceFrame = Extract<ServerFrame, { type: 'presence' }>;

export interface PresenceOptions extends TestOptions {
  readonly lease?: Partial<Lease>;
}

/** Short enough for tests that wait for the end of a lease. */
export const SHORT_LEASE: Lease = { leaseMs: 1_500, renewMs: 300 };

/** Options of all instances of one cluster. @param redisUrl `null` for one instance in memory */
export function presenceOptions(redisUrl: string | null, { lease: _lease, ...options }: PresenceOptions = {}) {
  return withDefaults({
    presenceGraceMs: 100,
    channels: [
      { name: ROOM, access: 'authenticated', presence: { state: true } },
      { name: 'announcements', presence: true },
    ],
    ...(redisUrl === null ? {} : { redis: { url: redisUrl } }),
    ...options,
  });
}

export function startInstance(redisUrl: string | null, options: PresenceOptions = {}): Promise<RealtimeApp> {
  return RealtimeApp.start(presenceOptions(redisUrl, options), {
    prepare: (app) => void Object.assign(app.get(Lease), options.lease),
  });
}

/** Starts an instance in a child process with the built module: it can be killed. */
export async function startChildInstance(redisUrl: string, options: PresenceOptions = {}) {
  const dist = resolve(process.env['TEST_DIST'] ?? 'dist', 'realtime');
  if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
  const settings = { dist, options: presenceOptions(redisUrl, options), lease: options.lease ?? {} };
  const child = new Child(process.execPath, [resolve('test/presence/support/serve.mjs'), JSON.stringify(settings)]);
  await child.said(/listening on \d+\n/, 60_000);
  return { child, url: `ws://127.0.0.1:${/listening on (\d+)/.exec(child.stdout)![1]!}/ws` };
}

/** Subscribes without watching. */
export async function enter(client: WsClient, channel = ROOM): Promise<void> {
  const answer = await client.ask({ type: 'subscribe', channel });
  if (answer.type !== 'subscribed') throw new Error(`Not subscribed: ${JSON.stringify(answer)}`);
}

/** Subscribes with presence and takes `presence`. */
export async function enterAndWatch(client: WsClient, channel = ROOM): Promise<PresenceFrame> {
  const answer = await client.ask({ type: 'subscribe', channel, presence: true });
  if (answer.type !== 'subscribed') throw new Error(`Not subscribed: ${JSON.stringify(answer)}`);
  return client.next('presence', (frame) => frame.channel === channel);
}

/** Polls presence until the members match: reports of other instances take a moment. */
export async function expectPresent(
  client: WsClient,
  members: Readonly<Record<string, number>>,
  count: number,
  { channel = ROOM, milliseconds = 20_000 } = {},
): Promise<void> {
  const wanted = JSON.stringify([sortedById(Object.entries(members)), count]);
  const isWanted = (frame: PresenceFrame): boolean => {
    const found = sortedById(frame.members.map(({ userId, connections }) => [userId, connections]));
    return JSON.stringify([found, frame.count]) === wanted;
  };
  await pollPresence(client, isWanted, `${wanted} to be present`, { channel, milliseconds });
}

async function pollPresence(
  client: WsClient,
  isWanted: (frame: PresenceFrame) => boolean,
  what: string,
  { channel = ROOM, milliseconds = 20_000 } = {},
): Promise<void> {
  let last: unknown;
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const answer = await client.ask({ type: 'presence', channel });
      last = answer;
      if (answer.type === 'presence' && isWanted(answer)) return;
      await delay(20);
    }
  };
  try {
    await within(milliseconds, () => `${what}; last: ${JSON.stringify(last)}`, watch());
  } finally {
    over.abort();
  }
}

/** Takes `presence_diff` until this user has joined or left. */
export async function expectTold(client: WsClient, what: 'joined' | 'left', userId: string): Promise<void> {
  await client.next('presence_diff', (diff) => diff[what].some((member) => member.userId === userId));
}

/** Sets the state of a member. */
export async function showState(client: WsClient, state: unknown): Promise<void> {
  const answer = await client.ask({ type: 'presence_update', channel: ROOM, state });
  if (answer.type !== 'presence_updated') throw new Error(`Not updated: ${JSON.stringify(answer)}`);
}

/** Polls presence until the members have these states; `null` for none. */
export async function expectStates(client: WsClient, states: Readonly<Record<string, unknown>>): Promise<void> {
  const wanted = JSON.stringify(sortedById(Object.entries(states)));
  const isWanted = ({ members }: PresenceFrame): boolean =>
    JSON.stringify(sortedById(members.map(({ userId, state = null }) => [userId, state]))) === wanted;
  await pollPresence(client, isWanted, `the states ${wanted}`);
}

/** Lists all joins and leaves that a watcher received: `+u1`, `-u1`. */
export function toldSoFar(client: WsClient): string[] {
  return client.frames.flatMap((frame) =>
    frame.type === 'presence_diff'
      ? [...frame.joined.map(({ userId }) => `+${userId}`), ...frame.left.map(({ userId }) => `-${userId}`)]
      : [],
  );
}

function sortedById<T>(members: readonly [string, T][]): [string, T][] {
  return members.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
