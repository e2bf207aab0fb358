import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { PeerSettings } from '../servers/peer.js';
import type { PeerName } from '../servers/peers.js';
import type { StandaloneName } from '../standalone.js';
import type { Context } from './context.js';
import { MODULE, type Row, type Target } from './row.js';

/**
 * Deliveries to subscribers in one round of turns. The next round begins when the load has received all of them. The number
 * of turns does not depend on B: with few turns, the start and end of a round would count as cost of a delivery.
 */
const ROUND = 10_000;

export interface Measure {
  readonly n: number;
  readonly b: number;
  readonly bytes?: number;
  /** Channels of the events, in rotation. All subscribers are subscribed to each. */
  readonly channels?: readonly string[];
  /** Turns per round. @default the number that reaches {@link ROUND} subscribers */
  readonly turns?: number;
}

/** Returns the CPU time of the server for one delivery to one subscriber, in microseconds. */
export async function costOfDelivery(
  contender: Contender,
  { n, b, bytes = EVENT_BYTES, channels = [CHANNEL], turns = Math.max(1, Math.round(ROUND / n)) }: Measure,
  deliveries: number,
): Promise<number> {
  const { server, load } = contender;
  const rounds = Math.max(3, Math.ceil(deliveries / (turns * n * b)));
  const round = async (): Promise<void> => {
    await load.call('reset', undefined);
    const all = load.call('until', { count: turns * n * b });
    await server.call('publish', { channels, batch: b, turns, bytes });
    await all;
  };
  await round();
  await round();
  const cpu = await contender.cpuOf(async () => {
    for (let done = 0; done < rounds; done += 1) await round();
  });
  return cpu / (rounds * turns * n * b);
}

export interface FanOutPlan {
  readonly group: string;
  readonly what: string;
  readonly subscribers: readonly number[];
  readonly batches: readonly number[];
  readonly peers: readonly PeerName[];
  readonly settings?: PeerSettings;
  readonly bytes?: number;
  readonly targets: (n: number, b: number) => readonly Target[];
}

/** Fan-out to one channel: all servers in turn, once for each run. */
export async function fanOutRows(context: Context, plan: FanOutPlan): Promise<Row[]> {
  const { group, what, peers, settings = {}, targets } = plan;
  const bytes = plan.bytes ?? EVENT_BYTES;
  const rows: Row[] = [];
  for (const n of plan.subscribers) {
    const starts = peers.map((peer) => () => Contender.start(peer, settings));
    await withContenders(starts, async (contenders) => {
      for (const contender of contenders) await contender.connect(n);
      for (const b of plan.batches) {
        const columns = Object.fromEntries(peers.map((peer) => [columnOf(peer), [] as number[]]));
        for (let run = 0; run < context.runs; run += 1) {
          for (const contender of contenders) {
            const cost = await costOfDelivery(contender, { n, b, bytes }, context.deliveries);
            columns[columnOf(contender.name)]!.push(cost);
          }
        }
        rows.push({ group, what, unit: 'µs', n, b, columns, targets: targets(n, b) });
        context.done(rows.at(-1)!);
      }
    });
  }
  return rows;
}

const COLUMN_NAMES: Readonly<Partial<Record<StandaloneName, string>>> = {
  module: MODULE,
  'socket.io': 'Socket.IO',
  nest: 'Nest',
  'bare redis': 'bare Redis',
  centrifugo: 'Centrifugo',
};

export function columnOf(peer: StandaloneName): string {
  return COLUMN_NAMES[peer] ?? peer;
}
