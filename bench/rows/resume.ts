import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import { quantile } from '../statistics.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Events that each client has missed. */
const MISSED = 20;
/** Clients that return per second. */
const PER_SECOND = 250;

/** Time from the connection of a client that was cut to the last of its missed events: a handshake and a resume. */
export async function resumeRows(context: Context): Promise<Row[]> {
  const n = context.quick ? 500 : 7_500;
  const [p50, p99, cpu]: [number[], number[], number[]] = [[], [], []];
  await withContenders([() => Contender.start('module')], async ([contender]) => {
    const { server, load, connectOptions } = contender!;
    const lastEventId = await server.call('publishOne', { channel: CHANNEL });
    await server.call('publish', {
      channels: [CHANNEL],
      batch: 1,
      turns: MISSED,
      bytes: EVENT_BYTES,
    });
    const hello = [JSON.stringify({ type: 'subscribe', channel: CHANNEL, lastEventId })];
    const back = { ...connectOptions, hello, readyAfter: 2 + MISSED };
    for (let run = -1; run < context.runs; run += 1) {
      let times: number[] = [];
      const used = await contender!.cpuOf(async () => {
        times = await load.call('comeBack', {
          connectOptions: back,
          count: n,
          perSecond: PER_SECOND,
        });
      });
      if (run < 0) continue; // the first time is for the compiler
      p50.push(quantile(times, 0.5) / 1_000);
      p99.push(quantile(times, 0.99) / 1_000);
      cpu.push(used / n);
    }
  });
  const row = (what: string, unit: string, values: number[], most?: number): Row => ({
    ...{
      group: 'resume',
      what,
      unit,
      n,
      b: null,
      columns: { [MODULE]: values },
    },
    targets: most === undefined ? [] : [{ kind: 'at most', value: most }],
  });
  const of = `${MISSED} events after a cut, ${PER_SECOND} clients a second`;
  const rows = [
    row(`${of}: handshake and resume, p50`, 'ms', p50, 15),
    row(`${of}: handshake and resume, p99`, 'ms', p99, 180),
    row(`${of}: CPU of the server per client`, 'µs', cpu),
  ];
  for (const one of rows) context.done(one);
  return rows;
}
