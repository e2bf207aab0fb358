import type { Mutant } from './mutant.js';
import { MUTANTS_OF_CLIENTS } from './mutants-of-clients.js';
import { MUTANTS_OF_LIVE } from './mutants-of-live.js';
import { MUTANTS_OF_SERVERS } from './mutants-of-servers.js';
import { MUTANTS_OF_STREAMS } from './mutants-of-streams.js';
import { calm, memory } from './scenarios/calm.js';
import { clientCut } from './scenarios/clients.js';
import { clockOfInstance } from './scenarios/clocks.js';
import { deleted } from './scenarios/deleted.js';
import { diskFull } from './scenarios/disk-full.js';
import { promotion } from './scenarios/failover.js';
import { blackHole, cuts, lostReplies } from './scenarios/network.js';
import { clientPause, outOfMemory } from './scenarios/not-now.js';
import { dataLost, pubsubKilled } from './scenarios/redis-server.js';
import { pausedAndDeleted } from './scenarios/mixture.js';
import { oneDirection, oneRole } from './scenarios/one-way.js';
import { sigstop } from './scenarios/processes.js';
import { revokedThenFlushed } from './scenarios/revoked.js';
import { rollbackAof, rollbackRdb } from './scenarios/rollback.js';
import { slotHeld, slotMoved } from './scenarios/slots.js';

const QUEUE = 'realtime/backends/redis/publish-queue.js';

const OTHERS: readonly Mutant[] = [
  {
    name: 'no-fence',
    scenarios: [promotion],
    shows: ['conflict', 'mismatch', 'missing', 'silentLoss'],
    patches: [
      {
        file: 'realtime/backends/redis/scripts.js',
        find: "return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)'), 1, 12)",
        replace: "return 'always the same'",
      },
    ],
  },
  {
    name: 'no-retry-flag',
    scenarios: [lostReplies, blackHole],
    shows: ['twoPlaces', 'fifo'],
    patches: [
      {
        file: QUEUE,
        find: 'entry.retry ||= outcome.mayBePublished',
        replace: 'entry.retry = false',
      },
    ],
  },
  {
    // An event of a channel without history is retried although it may have been published.
    name: 'retries-without-history',
    scenarios: [lostReplies],
    shows: ['duplicate', 'fifo'],
    patches: [
      {
        file: 'realtime/backends/redis/publish-link.js',
        find: 'const fresh = entries.filter(({ retry }) => !retry);',
        replace: 'const fresh = entries; entries = entries.map((entry) => ({ ...entry, retry: false }));',
      },
    ],
  },
  {
    // Former behavior: if Redis kept a prefix, a client within it counted as having missed nothing.
    name: 'prefix-counts-as-complete',
    scenarios: [rollbackAof, rollbackRdb],
    shows: ['silentLoss'],
    patches: [
      {
        file: 'realtime/backends/redis/scripts.js',
        find: "return { after > boundary and 'rewound' or 'unproven', e, top }",
        replace: "if after > boundary then return { 'rewound', e, top } end",
      },
    ],
  },
  {
    name: 'resume-skips-one',
    scenarios: [memory, calm, clientCut],
    shows: ['gap', 'missing'],
    patches: [
      {
        file: 'realtime/delivery/recent-frames.js',
        find: 'this.frames.slice(-count)',
        replace: 'this.frames.slice(-count).slice(1)',
      },
    ],
  },
  {
    name: 'rejects-before-the-deadline',
    scenarios: [cuts, clientPause, sigstop],
    shows: ['rejectedEarly'],
    patches: [{ file: QUEUE, find: 'entry.deadline > now', replace: 'false' }],
  },
  {
    // The pause is longer than the timeout of an emit.
    name: 'channel-pauses-too-long',
    scenarios: [outOfMemory],
    shows: ['rejectedWhileUp', 'waitedLong'],
    patches: [{ file: QUEUE, find: 'lane.pauseFor(delay,', replace: 'lane.pauseFor(20_000,' }],
  },
  {
    name: 'channel-pauses-long',
    scenarios: [outOfMemory],
    shows: ['waitedLong'],
    patches: [{ file: QUEUE, find: 'lane.pauseFor(delay,', replace: 'lane.pauseFor(8_000,' }],
  },
  {
    // One channel is not resubscribed. The audit finds its missed events only after a minute.
    name: 'one-channel-not-resubscribed',
    scenarios: [pubsubKilled],
    shows: ['starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/subscription-set.js',
        find: 'wanted.subscribed = false;\n            this.pending.add(topic);',
        replace: "if (topic === 'apps:status') continue; wanted.subscribed = false; this.pending.add(topic);",
      },
    ],
  },
  {
    // The subscribing connection is not recreated.
    name: 'never-subscribes-again',
    scenarios: [oneRole],
    shows: ['starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/supervisor.js',
        find: 'if (this.closed || this.timer !== null)',
        replace: "if (this.closed || this.timer !== null || this.name === 'subscribing')",
      },
    ],
  },
  {
    // A missing reply is awaited for ten minutes.
    name: 'no-reply-timeout',
    scenarios: [oneDirection],
    shows: ['rejectedWhileUp', 'waitedLong', 'starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/redis-target.js',
        find: 'socketTimeout: 2_500',
        replace: 'socketTimeout: 600_000',
      },
    ],
  },
  {
    // Former behavior: reads never followed a moved slot.
    name: 'reads-stay-at-old-owner',
    scenarios: [slotMoved],
    shows: ['starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/reader.js',
        find: 'if (this.connection === null && hasMovedSlot(error)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    // Former behavior: "not now" for one channel stopped the whole queue.
    name: 'one-slot-stops-all',
    scenarios: [slotHeld],
    shows: ['problem'],
    patches: [
      { file: 'realtime/backends/redis/script-replies.js', find: 'const all = ', replace: 'const all = true || ' },
    ],
  },
  {
    // A full disk counts as a final rejection by Redis.
    name: 'misconf-is-final',
    scenarios: [diskFull],
    shows: ['rejectedEarly'],
    patches: [{ file: 'realtime/backends/redis/script-replies.js', find: '|OOM|MISCONF|', replace: '|OOM|' }],
  },
  {
    // Former behavior: deadlines were computed from the system clock.
    name: 'wall-clock-deadlines',
    scenarios: [clockOfInstance],
    shows: ['rejectedLater', 'rejectedEarly'],
    patches: [
      {
        file: 'realtime/backends/redis/redis-clock.js',
        find: 'this.offsetMs = offsetOf(time, before, performance.now(), this.offsetMs);',
        replace: 'this.offsetMs = offsetOf(time, before, performance.now(), null) + performance.now() - Date.now();',
      },
      {
        file: 'realtime/backends/redis/redis-clock.js',
        find: 'return Math.floor(moment + (this.offsetMs ?? 0));',
        replace: 'return Math.floor(moment - performance.now() + Date.now() + (this.offsetMs ?? 0));',
      },
    ],
  },
  {
    name: 'revocations-not-restored',
    scenarios: [revokedThenFlushed],
    shows: ['problem'],
    patches: [
      {
        file: 'realtime/cluster/control/revocation-keeper.js',
        find: 'this.writeBack(known, stored)',
        replace: 'Promise.resolve()',
      },
    ],
  },
  {
    // A deleted log restarts with the same epoch, and its clients continue.
    name: 'deleted-log-keeps-its-epoch',
    scenarios: [deleted, pausedAndDeleted, dataLost],
    shows: ['conflict', 'mismatch', 'stepBack', 'duplicate', 'silentLoss'],
    patches: [
      {
        file: 'realtime/backends/redis/scripts.js',
        find: "local m, lost = typed('HMGET', meta, 'e', 's', 'l', 'b', 'o', 'r', 'p')",
        replace: "fresh = 'ever'; local m, lost = typed('HMGET', meta, 'e', 's', 'l', 'b', 'o', 'r', 'p')",
      },
    ],
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...OTHERS,
  ...MUTANTS_OF_SERVERS,
  ...MUTANTS_OF_STREAMS,
  ...MUTANTS_OF_CLIENTS,
  ...MUTANTS_OF_LIVE,
];

export function mutantNamed(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`There is no mutant ${name}: ${MUTANTS.map((one) => one.name).join(', ')}`);
  return found;
}
