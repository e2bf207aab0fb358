import { CHANNEL } from '../channel.js';
import { Contender, withContenders } from '../contender.js';
import type { ConnectOptions } from '../load/client.js';
import type { Context } from './context.js';
import { costOfDelivery } from './fan-out.js';
import { bytesEach } from './memory.js';
import { MODULE, type Row } from './row.js';

const WEB_SOCKET = 'WebSocket';

const STREAM: Partial<ConnectOptions> = {
  path: `/realtime/stream?channels=${CHANNEL}`,
  hello: [],
  readyAfter: 2,
  stream: true,
};

/** Connections over server-sent events beside WebSocket connections of the same server program. */
export async function streamRows(context: Context): Promise<Row[]> {
  return [await memoryRow(context), ...(await fanOut(context))];
}

async function memoryRow(context: Context): Promise<Row> {
  const n = context.quick ? 2_000 : 10_000;
  const columns: Record<string, number[]> = { [MODULE]: [], [WEB_SOCKET]: [] };
  for (let run = 0; run < context.runs; run += 1) {
    for (const [column, options] of [
      [MODULE, STREAM],
      [WEB_SOCKET, {}],
    ] as const) {
      await withContenders([() => Contender.start('module')], async ([contender]) => {
        const { server, load, connectOptions } = contender!;
        const given = { server, load, connectOptions: { ...connectOptions, ...options } };
        columns[column]!.push((await bytesEach(given, n)) / 1_024);
      });
    }
  }
  const row: Row = {
    ...{ group: 'stream', what: 'resident memory of an idle stream with one subscription', unit: 'KB', n, b: null },
    columns,
    // Node keeps the objects of the request and its response: 14.6 KB for a bare server of Node that only answers.
    targets: [],
  };
  context.done(row);
  return row;
}

async function fanOut(context: Context): Promise<Row[]> {
  const n = 1_000;
  const start = () => Contender.start('module');
  return withContenders([start, start], async ([ofStreams, ofSockets]) => {
    await ofStreams!.connect(n, STREAM);
    await ofSockets!.connect(n);
    const rows: Row[] = [];
    for (const b of [1, 10]) {
      const columns: Record<string, number[]> = { [MODULE]: [], [WEB_SOCKET]: [] };
      for (let run = 0; run < context.runs; run += 1) {
        columns[MODULE]!.push(await costOfDelivery(ofStreams!, { n, b }, context.deliveries));
        columns[WEB_SOCKET]!.push(await costOfDelivery(ofSockets!, { n, b }, context.deliveries));
      }
      rows.push({ group: 'stream', what: 'fan-out to streams, per delivery', unit: 'µs', n, b, columns, targets: [] });
      context.done(rows.at(-1)!);
    }
    return rows;
  });
}
