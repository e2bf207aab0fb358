import type { Mutant } from './mutant.js';
import { clockOfRedis, clockUntouched } from './scenarios/clocks.js';
import { diskFullAlways } from './scenarios/disk-full.js';
import { cluster, failoverKept, sentinel } from './scenarios/failover.js';
import { outage } from './scenarios/network.js';
import { flappingReplica, outOfMemory } from './scenarios/not-now.js';
import { outputLimit } from './scenarios/output-limit.js';
import { aof, aofEverySecond, dataLost } from './scenarios/redis-server.js';

/** Mutants of an instance's behavior while Redis fails, is replaced, or replies "not now". */
export const MUTANTS_OF_SERVERS: readonly Mutant[] = [
  {
    // A restarted or promoted server does not know the scripts.
    name: 'scripts-loaded-once',
    scenarios: [aof, aofEverySecond, dataLost, diskFullAlways, sentinel],
    shows: ['rejectedWhileUp', 'waitedLong', 'starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/all-scripts.js',
        find: 'export const SCRIPTS = [PUBLISH, PUBLISH_PLAIN, READ, PAGE, POSITIONS];',
        // Each of the three connections loads the scripts once.
        replace: `const ALL = [PUBLISH, PUBLISH_PLAIN, READ, PAGE, POSITIONS];
let loads = 0;
export const SCRIPTS = { *[Symbol.iterator]() { loads += 1; if (loads <= 3) yield* ALL; } };`,
      },
    ],
  },
  {
    // With one master all publishing connections of a Cluster are lost, and the next ones come too late for what waits.
    name: 'publishing-reconnects-late',
    scenarios: [cluster],
    shows: ['rejectedWhileUp', 'waitedLong'],
    patches: [
      {
        file: 'realtime/backends/redis/supervisor.js',
        find: 'safely(SUBJECT, () => this.open()), delay)',
        replace: "safely(SUBJECT, () => this.open()), this.name === 'publishing' ? 10_000 : delay)",
      },
    ],
  },
  {
    // An old connection leads to a demoted master.
    name: 'demotion-ignored',
    scenarios: [failoverKept],
    shows: ['starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/script-replies.js',
        find: 'return /^(?:MOVED|READONLY)\\b/',
        replace: 'return false && /^(?:MOVED|READONLY)\\b/',
      },
      {
        file: 'realtime/backends/redis/reader.js',
        find: 'if (/^role:slave/m',
        replace: 'if (false && /^role:slave/m',
      },
    ],
  },
  {
    // A command that Redis received before the deadline and executes after it is published.
    name: 'no-deadline-in-redis',
    scenarios: [outage, clockUntouched],
    shows: ['rejectedLater', 'refusedYetPublished'],
    patches: [
      {
        file: 'realtime/backends/redis/scripts.js',
        find: "  if not answer and now > tonumber(ARGV[i + 2]) then answer = 'late' end\n",
        replace: '',
      },
    ],
  },
  {
    // The clock of Redis is read once per connection.
    name: 'clock-measured-once',
    scenarios: [clockOfRedis],
    shows: ['rejectedLater', 'refusedYetPublished'],
    patches: [
      {
        file: 'realtime/backends/redis/publish-link.js',
        find: 'this.clock.measure(mastersOf(client)[0]).catch(() => undefined);',
        replace: 'void 0;',
      },
    ],
  },
  {
    // Former behavior: a channel's next script was sent before the reply to the last one.
    name: 'several-scripts-of-a-channel',
    scenarios: [outOfMemory, flappingReplica],
    shows: ['fifo'],
    patches: [
      {
        file: 'realtime/backends/redis/publish-lane.js',
        find: 'return this.inFlight.length > 0 || this.timer !== null;',
        replace: 'return this.timer !== null;',
      },
    ],
  },
  {
    // Former behavior: all channels read their gaps at once, over the connection with the output limit.
    name: 'gaps-read-on-the-subscribing-connection',
    scenarios: [outputLimit],
    shows: ['starved', 'problem'],
    patches: [
      {
        file: 'realtime/backends/redis/subscribe-link.js',
        find: 'await client.subscribe(this.context.selfPing);',
        replace: 'globalThis.subscribing = this.connection; await client.subscribe(this.context.selfPing);',
      },
      {
        file: 'realtime/backends/redis/reader.js',
        find: 'const client = this.connection === null ? this.owners() : this.connection.client;',
        // A gap is read while the connection is prepared, too, and over no other one while there is none.
        replace:
          'const client = globalThis.subscribing ? globalThis.subscribing.raw : (this.connection?.client ?? null);',
      },
      {
        file: 'realtime/backends/redis/reader.js',
        find: 'const LARGE_BYTES_AT_ONCE = 16_777_216;',
        replace: 'const LARGE_BYTES_AT_ONCE = 1e12;',
      },
    ],
  },
];
