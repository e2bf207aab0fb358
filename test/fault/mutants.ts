import type { Patch } from './build.js';
import { memory } from './scenarios/calm.js';
import { clockOfInstance } from './scenarios/clocks.js';
import { diskFull } from './scenarios/disk-full.js';
import { promotion } from './scenarios/failover.js';
import { cuts, lostReplies } from './scenarios/network.js';
import { outOfMemory } from './scenarios/not-now.js';
import { pubsubKilled } from './scenarios/redis-server.js';
import { pausedAndDeleted } from './scenarios/mixture.js';
import { oneDirection, oneRole } from './scenarios/one-way.js';
import { revokedThenFlushed } from './scenarios/revoked.js';
import { rollbackAof } from './scenarios/rollback.js';
import { slotHeld, slotMoved } from './scenarios/slots.js';
import type { Scenario } from './scenarios/scenario.js';

/** A fault of the product, made on purpose, that the suite has to find. */
export interface Mutant {
  readonly name: string;
  readonly scenario: Scenario;
  readonly patches: readonly Patch[];
}

const QUEUE = 'realtime/broker/redis/publish-queue.js';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-fence',
    scenario: promotion,
    patches: [
      {
        file: 'realtime/broker/redis/scripts.js',
        find: "return string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)'), 1, 12)",
        replace: "return 'always the same'",
      },
    ],
  },
  {
    name: 'no-retry-flag',
    scenario: lostReplies,
    patches: [
      {
        file: QUEUE,
        find: 'entry.retry ||= outcome.mayBePublished',
        replace: 'entry.retry = false',
      },
    ],
  },
  {
    // An event of a channel without history goes out again though it may have been published.
    name: 'plain-retried',
    scenario: lostReplies,
    patches: [
      {
        file: 'realtime/broker/redis/publisher.js',
        find: 'const fresh = entries.filter(({ retry }) => !retry);',
        replace: 'const fresh = entries; entries = entries.map((entry) => ({ ...entry, retry: false }));',
      },
    ],
  },
  {
    // What this project did before: Redis kept a prefix, and a client within it was thought to have missed nothing.
    name: 'boundary-is-proof',
    scenario: rollbackAof,
    patches: [
      {
        file: 'realtime/broker/redis/scripts.js',
        find: "return { after > boundary and 'rewound' or 'unproven', e, top }",
        replace: "if after > boundary then return { 'rewound', e, top } end",
      },
    ],
  },
  {
    name: 'resume-skips-one',
    scenario: memory,
    patches: [
      {
        file: 'realtime/bridge/channel-stream.js',
        find: 'this.recent.slice(-missed)',
        replace: 'this.recent.slice(-missed).slice(1)',
      },
    ],
  },
  {
    name: 'due-at-once',
    scenario: cuts,
    patches: [{ file: QUEUE, find: 'entry.deadline > now', replace: 'false' }],
  },
  {
    // Longer than an emit waits.
    name: 'channel-pauses-too-long',
    scenario: outOfMemory,
    patches: [{ file: QUEUE, find: 'lane.pauseFor(delay,', replace: 'lane.pauseFor(20_000,' }],
  },
  {
    name: 'channel-pauses-long',
    scenario: outOfMemory,
    patches: [{ file: QUEUE, find: 'lane.pauseFor(delay,', replace: 'lane.pauseFor(8_000,' }],
  },
  {
    // One channel of all is not subscribed again. The audit would find what it missed after a minute.
    name: 'one-channel-stays-deaf',
    scenario: pubsubKilled,
    patches: [
      {
        file: 'realtime/broker/redis/subscriber.js',
        find: 'wanted.subscribed = false;\n            this.pending.add(channel);',
        replace: "if (channel === 'apps:status') continue; wanted.subscribed = false; this.pending.add(channel);",
      },
    ],
  },
  {
    // The connection that subscribes is not made again.
    name: 'subscribes-no-more',
    scenario: oneRole,
    patches: [
      {
        file: 'realtime/broker/redis/supervisor.js',
        find: 'if (this.closed || this.timer !== null)',
        replace: "if (this.closed || this.timer !== null || this.name === 'subscribing')",
      },
    ],
  },
  {
    // An answer that does not come is awaited for ten minutes.
    name: 'no-time-limit-of-answers',
    scenario: oneDirection,
    patches: [
      {
        file: 'realtime/broker/redis/redis-target.js',
        find: 'socketTimeout: 2_500',
        replace: 'socketTimeout: 600_000',
      },
    ],
  },
  {
    // What this project did before: reads never followed a slot.
    name: 'reads-stay-at-old-owner',
    scenario: slotMoved,
    patches: [
      {
        file: 'realtime/broker/redis/reader.js',
        find: 'if (this.link === null && hasMovedSlot(error)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    // What this project did before: "not now" for one channel stopped the whole queue.
    name: 'one-slot-stops-all',
    scenario: slotHeld,
    patches: [{ file: 'realtime/broker/redis/answers.js', find: 'const all = ', replace: 'const all = true || ' }],
  },
  {
    // A disk that is full is taken for the last word of Redis.
    name: 'misconf-is-final',
    scenario: diskFull,
    patches: [{ file: 'realtime/broker/redis/answers.js', find: '|OOM|MISCONF|', replace: '|OOM|' }],
  },
  {
    // What this project did before: deadlines were computed from the system's clock.
    name: 'wall-clock-deadlines',
    scenario: clockOfInstance,
    patches: [
      {
        file: 'realtime/broker/redis/redis-clock.js',
        find: 'this.offsetMs = offsetOf(time, before, performance.now());',
        replace: 'this.offsetMs = offsetOf(time, before, performance.now()) + performance.now() - Date.now();',
      },
      {
        file: 'realtime/broker/redis/redis-clock.js',
        find: 'return Math.floor(moment + this.offsetMs);',
        replace: 'return Math.floor(moment - performance.now() + Date.now() + this.offsetMs);',
      },
    ],
  },
  {
    name: 'revocations-stay-lost',
    scenario: revokedThenFlushed,
    patches: [
      {
        file: 'realtime/control/revocation-keeper.js',
        find: 'this.writeBack(known, stored)',
        replace: 'Promise.resolve()',
      },
    ],
  },
  {
    // A log that was deleted begins again with the same epoch, and its clients go on.
    name: 'deleted-log-goes-on',
    scenario: pausedAndDeleted,
    patches: [
      {
        file: 'realtime/broker/redis/scripts.js',
        find: "local m = redis.call('HMGET', meta, 'e', 's', 'l', 'b', 'o', 'r', 'p')",
        replace: "fresh = 'ever'; local m = redis.call('HMGET', meta, 'e', 's', 'l', 'b', 'o', 'r', 'p')",
      },
    ],
  },
];

export function mutantNamed(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`There is no mutant ${name}: ${MUTANTS.map((one) => one.name).join(', ')}`);
  return found;
}
