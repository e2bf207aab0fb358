import fc from 'fast-check';
import { BOARDS, LOGS, type ContentRecord } from './content-record.js';
import type { ContentWatch } from './content-watch.js';

const board = fc.constantFrom(...BOARDS);
const log = fc.constantFrom(...LOGS);
const isPlain = fc.boolean();
const value = fc.nat(99);

const write = fc.record({
  what: fc.constant('write' as const),
  log,
  size: fc.constantFrom(0, 1, 20, 20, 25_000),
  count: fc.integer({ min: 1, max: 5 }),
  isResuming: fc.boolean(),
  isBounded: fc.boolean(),
});
const ofBoard = (what: 'spoil' | 'reload' | 'fail' | 'lose') => fc.record({ what: fc.constant(what), board });

/** A change of a live resource or a stream, or of its uses by a client. */
export const walkContent = fc.oneof(
  { weight: 5, arbitrary: write },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('finish' as const), log, how: fc.constantFrom('end' as const, 'fail') }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('expire' as const), log }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('pause' as const), log, isPaused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cancel' as const), log }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('patch' as const), board, value, count: fc.integer({ min: 1, max: 35 }) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('set' as const), board, value }) },
  { weight: 1, arbitrary: ofBoard('spoil') },
  { weight: 1, arbitrary: ofBoard('reload') },
  { weight: 1, arbitrary: ofBoard('fail') },
  { weight: 1, arbitrary: ofBoard('lose') },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('use' as const), board, isPlain }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('read' as const), log }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('leave' as const), name: fc.constantFrom(...BOARDS, ...LOGS), isPlain }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('refuse' as const), name: fc.constantFrom(...BOARDS, ...LOGS) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('allow' as const) }) },
);
export type WalkContent = typeof walkContent extends fc.Arbitrary<infer C> ? C : never;

/** Makes a change. @param watch of the client whose uses change; `undefined` without a client */
export function changeContent(record: ContentRecord, watch: ContentWatch | undefined, to: WalkContent): void {
  const { server } = record;
  switch (to.what) {
    case 'write':
      for (let left = to.count; left > 0; left -= 1) record.write(to.log, to.size, to.isResuming, to.isBounded);
      return;
    case 'finish':
      return record.finish(to.log, to.how);
    case 'expire':
      return record.expire(to.log);
    case 'pause':
      return server.pauseStream(to.log, to.isPaused);
    case 'cancel':
      return watch?.cancel(to.log);
    case 'patch':
      for (let left = to.count; left > 0; left -= 1) record.patch(to.board, to.value + left);
      return;
    case 'set':
      return record.set(to.board, to.value);
    case 'spoil':
      return record.spoil(to.board);
    case 'reload':
      return server.states.reload(to.board);
    case 'fail':
      return server.states.fail(to.board);
    case 'lose':
      return record.forget(to.board);
    case 'use':
      return to.isPlain ? watch?.useEvents(to.board) : watch?.useBoard(to.board);
    case 'read':
      return watch?.useLog(to.log);
    case 'leave':
      return watch?.leave(to.name, to.isPlain);
    case 'refuse':
      record.refused.add(to.name);
      return;
    case 'allow':
      record.refused.clear();
      return watch?.retry();
  }
}

/** Ends all faults of the content. */
export function healContent(record: ContentRecord, watches: readonly ContentWatch[]): void {
  record.refused.clear();
  for (const watch of watches) watch.retry();
  for (const name of LOGS) record.server.pauseStream(name, false);
  for (const name of BOARDS) record.set(name, 1);
}

/** Changes everything once more. */
export function changeAllContent(record: ContentRecord): void {
  for (const name of LOGS) record.write(name, 3, false, false);
  for (const name of BOARDS) record.patch(name, 5);
}
