import { readFileSync } from 'node:fs';
import { sleep } from '../clock.js';
import { Contender, withContenders } from '../contender.js';
import type { LoadHandlers } from '../load/load.js';
import { Worker } from '../worker.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import type { Row } from './row.js';

/** Connections of one load process, each from another address: an address has 28,000 ports. */
const PER_LOAD = 10_000;
/** Files that a process needs besides its connections. */
const OTHER_FILES = 500;

/** Delay of the event loop with many idle connections, of which each has a subscription. */
export async function idleRows(context: Context): Promise<Row[]> {
  const n = Math.min(context.quick ? 10_000 : 50_000, maxOpenFiles() - OTHER_FILES);
  const seconds = context.quick ? 3 : 20;
  const p99: Record<string, number[]> = {};
  const max: Record<string, number[]> = {};
  const cpu: Record<string, number[]> = {};
  for (let run = 0; run < context.runs; run += 1) {
    for (const peer of ['module', 'ws'] as const) {
      await withContenders([() => Contender.start(peer)], async ([contender]) => {
        const { server, connectOptions } = contender!;
        const loads: Worker<LoadHandlers>[] = [];
        try {
          for (let open = 0; open < n; open += PER_LOAD) {
            const load = new Worker<LoadHandlers>('./load/load.ts');
            loads.push(load);
            const from = `127.0.0.${loads.length + 1}`;
            const count = Math.min(PER_LOAD, n - open);
            await load.call('connect', {
              connectOptions: { ...connectOptions, from },
              count,
            });
          }
          await server.call('memory', undefined); // collects the garbage of the handshakes
          const before = await server.call('cpu', undefined);
          await server.call('watchLoop', undefined);
          await sleep(seconds * 1_000);
          const delay = await server.call('loopDelay', undefined);
          const column = columnOf(peer);
          (cpu[column] ??= []).push(((await server.call('cpu', undefined)) - before) / 1_000 / seconds);
          (p99[column] ??= []).push(delay.p99);
          (max[column] ??= []).push(delay.max);
        } finally {
          await Promise.all(loads.map((load) => load.stop()));
        }
      });
    }
  }
  const row = (what: string, unit: string, columns: Row['columns']): Row => ({
    ...{ group: 'idle', what, unit, n, b: null, columns, targets: [] },
  });
  const rows = [
    row('idle connections: delay of the event loop, p99', 'ms', p99),
    row('idle connections: delay of the event loop, longest', 'ms', max),
    row('idle connections: CPU of the server per second', 'ms', cpu),
  ];
  for (const one of rows) context.done(one);
  return rows;
}

/** Returns the limit of open files of a process. Node raises its own to that. */
function maxOpenFiles(): number {
  const [, , hard] = /Max open files\s+(\S+)\s+(\S+)/.exec(readFileSync('/proc/self/limits', 'utf8'))!;
  return hard === 'unlimited' ? Infinity : Number(hard);
}
