import type { Mutant } from './mutant.js';
import { slowConsumer, storm } from './scenarios/clients.js';
import { cuts } from './scenarios/network.js';
import { sigkill } from './scenarios/processes.js';
import { aof, pubsubKilled } from './scenarios/redis-server.js';

/** Mutants of delivery to clients: gaps of an instance, and resumed events. */
export const MUTANTS_OF_CLIENTS: readonly Mutant[] = [
  {
    // The last 64 events of a channel are in memory: only a new instance, or a client that missed more, reads the
    // history.
    name: 'history-skips-one',
    scenarios: [sigkill, storm],
    shows: ['gap', 'missing'],
    patches: [
      { file: 'realtime/delivery/shared-reads.js', find: 'result.events.map(', replace: 'result.events.slice(1).map(' },
    ],
  },
  {
    name: 'rewind-skips-one',
    scenarios: [sigkill, aof],
    shows: ['stepBack', 'gap', 'missing'],
    patches: [
      {
        file: 'realtime/delivery/shared-reads.js',
        find: 'const frames = events.map(',
        replace: 'const frames = events.slice(0, -1).map(',
      },
    ],
  },
  {
    name: 'page-skips-one',
    scenarios: [sigkill, aof],
    shows: ['page'],
    patches: [
      {
        file: 'realtime/delivery/history-pages.js',
        find: 'page.events.map(',
        replace: 'page.events.slice(0, -1).map(',
      },
    ],
  },
  {
    name: 'gaps-ignored',
    scenarios: [cuts, pubsubKilled],
    shows: ['gap', 'missing'],
    patches: [
      {
        file: 'realtime/delivery/channel-stream.js',
        find: 'if (position.offset === top.offset + 1) {',
        replace: 'if (position.offset > top.offset) {',
      },
      {
        file: 'realtime/delivery/channel-stream.js',
        find: 'if (at.epoch !== here.epoch || at.offset > here.offset)',
        replace: 'if (at.epoch !== here.epoch)',
      },
    ],
  },
  {
    // Events beyond the buffer of a slow reader are dropped, and its connection stays.
    name: 'slow-readers-not-closed',
    scenarios: [slowConsumer],
    shows: ['gap', 'missing'],
    patches: [
      { file: 'realtime/connections/connection.js', find: '() => this.onSlow(this)', replace: '() => undefined' },
    ],
  },
];
