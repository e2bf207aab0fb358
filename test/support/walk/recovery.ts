import { jest } from '@jest/globals';
import { pass } from '../virtual-client.js';
import { fakePage } from './fake-page.js';
import { changeAllContent, healContent } from './walk-content.js';
import { CHANNELS, HEARTBEAT_MS, type Name, type Walk } from './walk.js';

/** The client's longest wait between two attempts, in milliseconds. */
const LONGEST_WAIT_MS = 30_000;

/** Time in which every call has its outcome and its events, in milliseconds: its time limit, and a minute. */
const CALLS_END_MS = 121_000;

/** Ends all faults and checks that the client reaches the state that the application wants. */
export async function recover(walk: Walk): Promise<void> {
  const { watch, client, consumers } = walk;
  watch.ambush = undefined;
  walk.heal();
  await comeBack(walk);
  for (const name of CHANNELS) {
    client.channel<string>(name).retry();
    await walk.publish(name, 1);
  }
  healContent(walk.content, [walk.contentWatch]);
  await pass(35_000); // a hanging load times out and is repeated
  walk.check();
  await overload(walk);
  await failToLoad(walk);
  for (const [name, { last }] of watch.channels) await checkChannel(walk, name as Name, last);
  consumers.checkAtRest();
  changeAllContent(walk.content);
  await pass(CALLS_END_MS);
  walk.calls.checkAtRest();
  walk.contentWatch.checkAtRest();
}

/** Closes the client and checks for leaks. */
export async function end(walk: Walk): Promise<void> {
  const { client, server, consumers, problems } = walk;
  consumers.stopFollowing();
  client.close();
  walk.calls.stop();
  walk.record.stop();
  await pass();
  consumers.checkAtEnd();
  for (const name of CHANNELS) {
    const { users } = client.channel<string>(name);
    if (users !== walk.usersOf(name)) problems.push(`${name}: ${users} users of ${walk.usersOf(name)} after close()`);
  }
  const left = jest.getTimerCount();
  if (left > 0) problems.push(`${left} timers are left`);
  for (const name of fakePage.listenedTo) problems.push(`a listener of ${name} is left`);
  fakePage.remove();
  if (server.open.length > 0) problems.push('a connection is left');
  if (client.state !== 'closed') problems.push(`it is ${client.state} after close()`);
}

async function comeBack(walk: Walk): Promise<void> {
  const { client, problems, tokens } = walk;
  const healedAt = performance.now();
  const way = Math.floor(Math.random() * 4);
  const { state, code, retryInMs = 0 } = client.change;
  if (state === 'closed' || state === 'idle') {
    if (state === 'closed' && !/^(close|refused|signed_out)$/.test(code)) problems.push(`closed by ${code}`);
    walk.connect();
  } else if (way === 0 && !walk.isHidden) {
    await pass(retryInMs); // no action
  } else if (way === 1) {
    walk.wake();
  } else if (way === 2) {
    walk.connect();
  } else {
    walk.fire('online');
    walk.fire('pageshow');
  }
  // Time of a hanging call of getToken, the heartbeat of a dead connection, and the longest wait.
  await pass(10_000 + HEARTBEAT_MS + LONGEST_WAIT_MS + 1_000);
  // A token from before the end of the faults was refused: it can take another wait until the next one is sent.
  if (client.state !== 'connected' && tokens.wasRefusedSince(healedAt)) await pass(LONGEST_WAIT_MS + 1_000);
  if (client.state === 'closed' && client.change.code === 'refused') {
    walk.connect(); // a minute of refused tokens has just ended
    await pass(1_000);
  }
  if (client.state !== 'connected') problems.push(`stuck: ${JSON.stringify(client.change)}`);
}

/** Publishes more events at once than can wait for a slow listener. */
async function overload(walk: Walk): Promise<void> {
  walk.watch.slowMs = 20;
  for (const name of CHANNELS) await walk.publish(name, 30);
  walk.check();
  await pass(5_000);
  walk.watch.slowMs = 0;
}

/** Makes events go missing while loading fails. */
async function failToLoad(walk: Walk): Promise<void> {
  walk.consumers.load = 'rejects';
  for (const name of CHANNELS) walk.resync(name);
  await pass(1_000);
  walk.consumers.load = 'good';
  await pass(10_000);
}

async function checkChannel(walk: Walk, name: Name, at: string | undefined): Promise<void> {
  const { client, server, watch, problems } = walk;
  const channel = client.channel<string>(name);
  const isUsed = channel.users > 0;
  if (channel.state !== (isUsed ? 'subscribed' : 'unsubscribed')) {
    problems.push(`${name} is stuck: ${JSON.stringify(channel.change)}`);
  }
  const isThere = server.open.some(({ subscriptions }) => subscriptions.has(name));
  if (isThere !== isUsed) problems.push(`${name}: the server ${isThere ? 'has' : 'lacks'} a subscription`);
  if (!isUsed) return;
  await walk.publish(name, 1);
  const own = watch.channels.get(name)!;
  if (own.last === at) problems.push(`${name}: an event is lost at the end`);
  own.checkAtRest();
}
