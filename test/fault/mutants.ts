import type { Patch } from './build.js';
import { memory } from './scenarios/calm.js';
import { promotion } from './scenarios/failover.js';
import { cuts, lostReplies } from './scenarios/network.js';
import { outOfMemory } from './scenarios/not-now.js';
import { pubsubKilled } from './scenarios/redis-server.js';
import { rollbackAof } from './scenarios/rollback.js';
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
        find: 'for (const wanted of this.channels.values())\n            wanted.subscribed = false;',
        replace: "for (const [name, wanted] of this.channels) wanted.subscribed = name === 'apps:status';",
      },
    ],
  },
];

export function mutantNamed(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`There is no mutant ${name}: ${MUTANTS.map((one) => one.name).join(', ')}`);
  return found;
}
