import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { ConnectOptions } from '../load/client.js';
import type { Context } from './context.js';
import { columnOf, costOfDelivery } from './fan-out.js';
import type { Row } from './row.js';

/** Events per measurement of channels with one subscriber. */
const EVENTS = 10_000;

/** A page with ten channels: the same 1,000 clients subscribe to all, and each channel gets one event per turn. */
export async function sharedChannelRows(context: Context): Promise<Row[]> {
  const channels = Array.from({ length: 10 }, (_, index) => `user:page-${index}`);
  return withContenders(STARTS, async (contenders) => {
    const n = 1_000;
    for (const contender of contenders) await contender.connect(n, subscribedTo(contender, channels));
    const columns = emptyColumns(contenders);
    for (let run = 0; run < context.runs; run += 1) {
      for (const contender of contenders) {
        const cost = await costOfDelivery(contender, { n, b: channels.length, channels, turns: 1 }, context.deliveries);
        columns[columnOf(contender.name)]!.push(cost);
      }
    }
    const what = 'the same clients on 10 channels, one event on each per turn, per delivery';
    const row: Row = { group: 'shared-channels', what, unit: 'µs', n, b: channels.length, columns, targets: [] };
    context.done(row);
    return [row];
  });
}

/** A channel per client: each event has one subscriber. */
export async function ownChannelRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 1_000 : 10_000;
  const channels = Array.from({ length: n }, (_, index) => `user:${index}`);
  return withContenders(STARTS, async (contenders) => {
    for (const contender of contenders) await contender.connect(n, subscribedTo(contender, ['user:{n}']));
    const rows: Row[] = [];
    for (const b of [1, 50]) {
      const columns = emptyColumns(contenders);
      for (let run = 0; run < context.runs; run += 1) {
        for (const contender of contenders)
          columns[columnOf(contender.name)]!.push(await costOf(contender, channels, b));
      }
      const what = 'a channel with one subscriber, per event';
      rows.push({
        ...{ group: 'own-channels', what, unit: 'µs', n, b, columns },
        targets: [{ kind: 'within', of: 'ws', times: 1 }],
      });
      context.done(rows.at(-1)!);
    }
    return rows;
  });
}

const STARTS = (['module', 'ws'] as const).map((peer) => () => Contender.start(peer));

function emptyColumns(contenders: readonly Contender[]): Record<string, number[]> {
  return Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
}

function subscribedTo({ name, connectOptions }: Contender, channels: readonly string[]): Partial<ConnectOptions> {
  if (name === 'ws') return { path: `${connectOptions.path}?channels=${channels.join(',')}` };
  return { hello: [JSON.stringify({ type: 'subscribe', channels })], readyAfter: 1 + channels.length };
}

/** CPU time of the server per event, in microseconds. */
async function costOf(contender: Contender, channels: readonly string[], batch: number): Promise<number> {
  const { server, load } = contender;
  const publish = async (): Promise<void> => {
    await load.call('reset', undefined);
    const all = load.call('until', { count: EVENTS });
    await server.call('publish', { channels, batch, turns: EVENTS / batch, bytes: EVENT_BYTES });
    await all;
  };
  await publish();
  return (await contender.cpuOf(publish)) / EVENTS;
}
