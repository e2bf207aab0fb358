import { sleep } from '../clock.js';
import { CHANNEL } from '../channel.js';
import { Contender, withContenders } from '../contender.js';
import { withRedis } from '../redis.js';
import type { PeerSettings } from '../servers/peer.js';
import type { Context } from './context.js';
import { costOfDelivery } from './fan-out.js';
import { MODULE, type Row } from './row.js';

const N = 1_000;
/** Largest ratio to the smallest size that counts as flat. */
const FLAT = 1.25;

interface Size {
  readonly label: string;
  readonly what: string;
  readonly start: (settings: PeerSettings) => Promise<Contender>;
}

/** Cost of a delivery to 1,000 subscribers of one channel, while the instance has other subscribed channels. */
export async function channelRows(context: Context): Promise<Row[]> {
  const sizes = (context.quick ? [1, 1_000] : [1, 1_000, 100_000]).map((channels) => ({
    label: 'with 1 channel',
    what: `fan-out beside ${channels.toLocaleString('en-US')} channels, per delivery`,
    start: () => startWith((connection) => othersOf(connection, Math.floor(channels / N), 'own')),
  }));
  return flatRows(context, 'channels', sizes, [1, 10]);
}

/** The same, while each subscriber has other, shared subscriptions. */
export async function subscriptionRows(context: Context): Promise<Row[]> {
  const sizes = (context.quick ? [1, 10] : [1, 10, 100]).map((subscriptions) => ({
    label: 'with 1 subscription',
    what: `fan-out with ${subscriptions} subscriptions per connection, per delivery`,
    start: () => startWith((connection) => othersOf(connection, subscriptions - 1, 'shared')),
  }));
  return flatRows(context, 'subscriptions', sizes, [1, 10]);
}

/** The same over Redis, on one of several instances that all have subscribers of the channel. */
export async function instanceRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  let first: readonly number[] | null = null;
  for (const instances of context.quick ? [1, 2] : [1, 2, 4]) {
    const values = await withRedis((redisUrl) => {
      const starts = Array.from({ length: instances }, () => () => Contender.start('module', { redisUrl }));
      return withContenders(starts, async (contenders) => {
        await sleep(500); // until the connections to Redis are open
        for (const contender of contenders) await contender.connect(N);
        const costs: number[] = [];
        for (let run = 0; run < context.runs; run += 1) {
          costs.push(await costOfDelivery(contenders[0]!, { n: N, b: 10 }, context.deliveries));
        }
        return costs;
      });
    });
    first ??= values;
    rows.push({
      group: 'instances',
      what: `fan-out on one of ${instances} instances over Redis, emit included, per delivery`,
      unit: 'µs',
      n: N,
      b: 10,
      columns: { [MODULE]: values, 'with 1 instance': first },
      targets: [{ kind: 'within', of: 'with 1 instance', times: FLAT }],
    });
    context.done(rows.at(-1)!);
  }
  return rows;
}

async function flatRows(
  context: Context,
  group: string,
  sizes: readonly Size[],
  batches: readonly number[],
): Promise<Row[]> {
  const starts = sizes.map(
    ({ start }) =>
      () =>
        start({}),
  );
  return withContenders(starts, async (contenders) => {
    const rows: Row[] = [];
    for (const b of batches) {
      const costs = sizes.map(() => [] as number[]);
      for (let run = 0; run < context.runs; run += 1) {
        for (const [index, contender] of contenders.entries()) {
          costs[index]!.push(await costOfDelivery(contender, { n: N, b }, context.deliveries));
        }
      }
      for (const [index, { label, what }] of sizes.entries()) {
        const columns = { [MODULE]: costs[index]!, [label]: costs[0]! };
        rows.push({
          ...{ group, what, unit: 'µs', n: N, b, columns },
          targets: [{ kind: 'within', of: label, times: FLAT }],
        });
        context.done(rows.at(-1)!);
      }
    }
    return rows;
  });
}

/** Returns names of further channels of one connection: private channels of users, which an administrator can subscribe to. */
function othersOf(connection: string, count: number, kind: 'own' | 'shared'): string[] {
  return Array.from({ length: count }, (_, index) =>
    kind === 'own' ? `user:${connection}-${index}` : `user:${index}`,
  );
}

async function startWith(others: (connection: string) => readonly string[]): Promise<Contender> {
  const contender = await Contender.start('module');
  const channels = [CHANNEL, ...others('{n}')];
  await contender.connect(N, {
    hello: [JSON.stringify({ type: 'subscribe', channels })],
    readyAfter: 1 + channels.length,
  });
  return contender;
}
