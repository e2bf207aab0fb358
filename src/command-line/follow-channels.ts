import {
  createRealtimeClient,
  viaHeader,
  type Channel,
  type ChannelChange,
  type RealtimeClient,
  type StateChange,
} from '../client/index.js';
import { isWildcard, wildcardPrefix } from '../protocol/index.js';
import { DONE, REFUSED } from './command.js';
import { durationText } from './duration.js';
import { eventLine, resetLine } from './event-line.js';
import { createNotices, type Notices } from './notices.js';
import { shortened } from './printable.js';
import { socketClass, type SocketErrors } from './socket-class.js';
import type { Terminal } from './terminal.js';

export interface FollowOptions {
  readonly url: URL;
  readonly token: string | undefined;
  /** Number of kept events to print first. @default none */
  readonly last?: number | undefined;
  readonly isJson: boolean;
}

const FIRST_HINT = 'Run "check" with the same options: it says which step fails.';

/**
 * Prints the events of channels until `terminal.ended` is aborted.
 * @param names channels and wildcards
 * @returns the exit code: 1 if the first connection fails, or if the server refuses the client
 * or refuses every channel
 */
export async function followChannels(
  names: readonly string[],
  { url, token, last, isJson }: FollowOptions,
  terminal: Terminal,
): Promise<number> {
  const errors: SocketErrors = { last: undefined };
  const client = createRealtimeClient<object>({ url, token, tokenVia: viaHeader, WebSocket: socketClass(errors) });
  const notices = createNotices((text) => terminal.writeError(`${text}\n`));
  const refused = new Set<string>();
  const followed = new Set<string>();

  const code = await new Promise<number>((resolve) => {
    const fail = (text: string): void => {
      notices.say(text);
      resolve(REFUSED);
    };
    const refuse = (name: string, reason: string): void => {
      notices.say(`${name}: refused: ${shortened(reason)}`);
      refused.add(name);
      if (refused.size === followed.size) fail('no channel is left');
    };
    const follow = (name: string): void => {
      if (followed.has(name)) return;
      followed.add(name);
      followOne(client.channel(name), { last, isJson, notices, refuse, terminal });
    };
    const expand = async (wildcard: string): Promise<void> => {
      followed.add(wildcard);
      try {
        const found = await channelsOf(client, wildcard);
        followed.delete(wildcard);
        notices.say(`${wildcard}: ${found.join(', ')}`);
        for (const name of found) follow(name);
      } catch (error) {
        refuse(wildcard, (error as Error).message);
      }
    };

    watchConnection(client, { errors, notices, url, fail });
    client.once('identity', (identity) => {
      const who = identity?.user ? `the user ${shortened(identity.user.userId)}` : 'an anonymous client';
      notices.say(`connected to ${url.href} as ${who}`);
      for (const name of names.filter(isWildcard)) void expand(name);
    });
    terminal.ended.addEventListener('abort', () => resolve(DONE));
    client.connect();
    for (const name of names.filter((one) => !isWildcard(one))) follow(name);
  });
  client.close();
  notices.flush();
  return code;
}

/**
 * Returns the channels of a wildcard. The client follows full names only, so the server is asked to subscribe to the
 * wildcard, and then which subscriptions the connection has.
 * @throws RealtimeError if the server refuses all of them
 */
async function channelsOf(client: RealtimeClient<object>, wildcard: string): Promise<readonly string[]> {
  await client.request({ type: 'subscribe', channel: wildcard });
  const { subscribed } = await client.request({ type: 'list_channels' });
  await client.request({ type: 'unsubscribe', channel: wildcard }); // each channel is subscribed by its full name
  const prefix = wildcardPrefix(wildcard);
  return subscribed.filter((name) => name.startsWith(prefix));
}

interface ChannelPrinter {
  readonly last: number | undefined;
  readonly isJson: boolean;
  readonly notices: Notices;
  readonly refuse: (name: string, reason: string) => void;
  readonly terminal: Terminal;
}

function followOne(channel: Channel, { last, isJson, notices, refuse, terminal }: ChannelPrinter): void {
  const { name } = channel;
  // A returned promise makes the next event wait while the reader of the output is slower.
  channel.on('event', (event) => terminal.write(eventLine(event, isJson)));
  channel.on('reset', (reset) => {
    notices.about(`events are missing (${shortened(reset.reason)})`, name);
    return isJson ? terminal.write(resetLine(reset)) : undefined;
  });
  channel.on('state', (change: ChannelChange) => {
    if (change.state === 'refused') refuse(name, change.reason);
    if (change.code === 'behind') notices.about('paused, because the reader of the output is slow', name);
    if (change.code === 'subscribed')
      notices.about(change.recovered === true ? 'recovered: all missed events follow' : 'subscribed', name);
  });
  channel.subscribe({ last });
}

interface ConnectionWatch {
  readonly errors: SocketErrors;
  readonly notices: Notices;
  readonly url: URL;
  readonly fail: (text: string) => void;
}

/** Reports the state of the connection. The first attempt must succeed; after that the client retries forever. */
function watchConnection(client: RealtimeClient<object>, { errors, notices, url, fail }: ConnectionWatch): void {
  let wasConnected = false;
  let lostAt: number | undefined;
  const reasonOf = ({ reason }: StateChange): string => shortened(errors.last ?? reason);
  client.on('state', (change) => {
    const { state, code, retryInMs = 0 } = change;
    if (state === 'connecting') errors.last = undefined;
    if (state === 'connected') {
      if (lostAt !== undefined) notices.say(`reconnected after ${durationText(Date.now() - lostAt)}`);
      wasConnected = true;
      lostAt = undefined;
    }
    if (code === 'close') return;
    if (state === 'closed' || code === 'token_refused') fail(`the server refused the connection: ${reasonOf(change)}`);
    else if (state === 'waiting' && !wasConnected)
      fail(`cannot connect to ${url.href}: ${reasonOf(change)}\n${FIRST_HINT}`);
    else if (state === 'waiting') {
      const what = lostAt === undefined ? 'disconnected' : 'still disconnected';
      notices.say(`${what}: ${reasonOf(change)}; the next attempt is in ${durationText(retryInMs)}`);
      lostAt ??= Date.now();
    }
  });
  client.on('error', ({ code, channel, message }) => {
    // Refusals of channels are reported with their state, failed attempts and tokens with that of the client.
    if (code === 'unreachable' || code.startsWith('token_') || (channel !== undefined && !LATER.has(code))) return;
    notices.about(`${shortened(message)} (${code})`, channel ?? 'the connection');
  });
}

/** Errors of a channel after which the client asks again. */
const LATER: ReadonlySet<string> = new Set(['unavailable', 'internal', 'rate_limited']);
