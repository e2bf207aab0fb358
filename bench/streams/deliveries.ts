import type { LoadHandlers } from '../load/load.js';
import { Worker } from '../worker.js';
import type { StreamHandlers } from './serve.js';

const CHANNEL = 'chats:7:answer';
const TEXT = 'It is the same for all who read. '.repeat(4);
const ROUND = 10;

/**
 * Returns the CPU time of an instance for one part to one of its readers, in microseconds, once for each run.
 * @param perTurn number of parts in one turn of the event loop
 */
export async function costsOfDelivery(readers: number, runs: number, perTurn: number, rounds = 10): Promise<number[]> {
  const server = new Worker<StreamHandlers>('./streams/serve.ts');
  const load = new Worker<LoadHandlers>('./load/load.ts');
  try {
    const { port } = await server.call('start', {});
    await server.call('open', { channels: [CHANNEL] });
    const hello = [JSON.stringify({ type: 'subscribe', channel: CHANNEL, stream: {} })];
    await load.call('connect', { connectOptions: { port, path: '/ws', hello, readyAfter: 2 }, count: readers });
    const round = async (): Promise<void> => {
      await load.call('reset', undefined);
      const all = load.call('until', { count: ROUND * readers });
      await server.call('writeParts', { channel: CHANNEL, text: TEXT, count: ROUND, perTurn });
      await all;
    };
    await round();
    await round();
    const costs: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const before = await server.call('cpu', undefined);
      for (let done = 0; done < rounds; done += 1) await round();
      costs.push(((await server.call('cpu', undefined)) - before) / (rounds * ROUND * readers));
    }
    return costs;
  } finally {
    await Promise.all([server.stop(), load.stop()]);
  }
}
