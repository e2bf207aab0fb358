import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Events in the history. */
const KEPT = 100;
/** Clients that connect per second. */
const PER_SECOND = 250;

/** Requests of a client after its handshake, with the number of frames that it receives, `connected` included. */
const REQUESTS = [
  { what: 'handshake and subscribe', request: { type: 'subscribe', channel: CHANNEL }, frames: 2 },
  {
    what: 'handshake and subscribe, with the last 10 events',
    request: { type: 'subscribe', channel: CHANNEL, last: 10 },
    frames: 12,
  },
  { what: 'handshake and a page of 50 events', request: { type: 'history', channel: CHANNEL, limit: 50 }, frames: 2 },
];

/** CPU of clients that connect and read kept events, next to clients that only subscribe. */
export async function earlierRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 500 : 2_500;
  const cpu = REQUESTS.map((): number[] => []);
  await withContenders([() => Contender.start('module')], async ([contender]) => {
    const { server, load, connectOptions } = contender!;
    await server.call('publish', { channels: [CHANNEL], batch: 1, turns: KEPT, bytes: EVENT_BYTES });
    for (let run = -1; run < context.runs; run += 1) {
      for (const [index, { request, frames }] of REQUESTS.entries()) {
        const options = { ...connectOptions, hello: [JSON.stringify(request)], readyAfter: frames };
        const used = await contender!.cpuOf(async () => {
          await load.call('comeBack', { connectOptions: options, count: n, perSecond: PER_SECOND });
        });
        if (run >= 0) cpu[index]!.push(used / n); // the first time is for the compiler
      }
    }
  });
  const rows = REQUESTS.map(({ what }, index): Row => {
    const columns = { [MODULE]: cpu[index]! };
    return {
      group: 'earlier',
      what: `${what}: CPU of the server per client`,
      unit: 'µs',
      n,
      b: null,
      columns,
      targets: [],
    };
  });
  for (const row of rows) context.done(row);
  return rows;
}
