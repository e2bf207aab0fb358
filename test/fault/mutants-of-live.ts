import type { Mutant } from './mutant.js';
import { calm } from './scenarios/calm.js';
import { sigkill, sigstop } from './scenarios/processes.js';

const STATES = 'realtime/live/live-states.js';
const STATE_STORE = 'realtime/backends/redis/redis.state-store.js';
const STREAM_STORE = 'realtime/backends/redis/redis.stream-store.js';
const READER = 'realtime/streams/stream-reader.js';

/** Mutants of live resources and streams. */
export const MUTANTS_OF_LIVE: readonly Mutant[] = [
  {
    // A patch that is published while the state is loaded is lost.
    name: 'position-read-after-load',
    scenarios: [calm],
    shows: ['stateLost', 'stateMismatch'],
    patches: [
      {
        file: STATES,
        find: 'const { top: position } =',
        replace: 'const early = await loaders.load(resource, topic); const { top: position } =',
      },
      { file: STATES, find: 'const json = await loaders.load(resource, topic);', replace: 'const json = early;' },
    ],
  },
  {
    // New subscribers get a change that no event has announced; the others do not.
    name: 'load-not-aligned',
    scenarios: [calm],
    shows: ['stateMismatch'],
    patches: [{ file: STATES, find: 'if (event !== null)', replace: 'if (false)' }],
  },
  {
    name: 'difference-always-holds',
    scenarios: [calm],
    shows: ['stateLost', 'stateMismatch'],
    patches: [
      {
        file: 'realtime/channels/fields/state-fields.js',
        find: 'return after === before ? body',
        replace: 'return true ? body',
      },
    ],
  },
  {
    name: 'patch-applied-twice',
    scenarios: [calm],
    shows: ['liveBreach'],
    patches: [
      {
        file: 'realtime/delivery/recent-frames.js',
        find: 'this.frames.slice(-count)',
        replace: 'this.frames.slice(-count - 1)',
      },
    ],
  },
  {
    // The instance that loads is killed, and no other one loads the state.
    name: 'load-never-taken-over',
    scenarios: [sigkill],
    shows: ['stateBehind', 'stateEnd'],
    patches: [
      { file: STATE_STORE, find: 'if ends and ends > now then', replace: 'if ends then' },
      { file: STATE_STORE, find: "redis.call('PEXPIRE', KEYS[1], ARGV[2])", replace: '' },
    ],
  },
  {
    // An instance that was frozen for longer than its lease continues to write.
    name: 'stream-without-fence',
    scenarios: [sigstop],
    shows: ['streamText', 'streamLost'],
    patches: [
      { file: STREAM_STORE, find: "if id ~= ARGV[3] or writer ~= ARGV[4] then return {'fenced'} end", replace: '' },
      {
        file: STREAM_STORE,
        find: "if length ~= at and length ~= at + bytes then return {'fenced'} end",
        replace: 'at = length',
      },
    ],
  },
  {
    name: 'stream-resume-repeats',
    scenarios: [calm],
    shows: ['streamOrder'],
    patches: [{ file: READER, find: 'this.at = isKnown ? at : 0;', replace: 'this.at = 0;' }],
  },
  {
    name: 'stream-cut-in-a-character',
    scenarios: [calm],
    shows: ['streamOrder', 'streamText'],
    patches: [
      {
        file: STREAM_STORE,
        find: 'while last > 0 and bit.band(string.byte(rest, last + 1), 0xC0) == 0x80 do last = last - 1 end',
        replace: '',
      },
    ],
  },
  {
    name: 'stream-end-lost',
    scenarios: [calm],
    shows: ['streamBehind', 'streamEnd'],
    patches: [{ file: READER, find: ' || (watched.end !== null && !this.hasEnd)', replace: '' }],
  },
  {
    name: 'stream-beginning-dropped-silently',
    scenarios: [calm],
    shows: ['streamOrder', 'streamText'],
    patches: [{ file: STREAM_STORE, find: 'number(first + from), text}', replace: 'number(tonumber(ARGV[3])), text}' }],
  },
];
