import { hasMovedAway, outcomeOfError, outcomeOfReply, outcomesOfReply } from './answers.js';

const replyError = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

describe('what became of an event', () => {
  it('published, with its position where it has one', () => {
    expect(outcomeOfReply(['e1', '7'], true)).toEqual({
      kind: 'published',
      position: { epoch: 'e1', offset: 7 },
    });
    expect(outcomeOfReply([''], false)).toEqual({ kind: 'published', position: null });
  });

  it.each([
    ['late', /Not published in time/],
    ['unsure', /it is not known whether the event was published/],
  ])('refused for good: %s', (reply, why) => {
    const outcome = { kind: 'refused', why: expect.stringMatching(why) as unknown };
    expect(outcomeOfReply([reply], true)).toEqual(outcome);
    expect(outcomeOfReply([reply], false)).toEqual(outcome);
  });

  it('of each that went out together: those in time have offsets that count up', () => {
    expect(outcomesOfReply(['e1', '7', '1', '2'], 5)).toEqual([
      { kind: 'published', position: { epoch: 'e1', offset: 7 } },
      { kind: 'refused', why: expect.stringMatching(/Not published in time/) as unknown },
      { kind: 'refused', why: expect.stringMatching(/Not published in time/) as unknown },
      { kind: 'published', position: { epoch: 'e1', offset: 8 } },
      { kind: 'published', position: { epoch: 'e1', offset: 9 } },
    ]);
  });

  it.each([
    "READONLY You can't write against a read only replica.",
    'LOADING Redis is loading the dataset in memory',
    'CLUSTERDOWN The cluster is down',
    'MOVED 3999 127.0.0.1:6381',
    'ASK 3999 127.0.0.1:6381',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'NOREPLICAS Not enough good replicas to write.',
    "OOM command not allowed when used memory > 'maxmemory'.",
    'NOSCRIPT No matching script. Please use EVAL.',
  ])('not now: %s', (message) => {
    expect(outcomeOfError(replyError(message))).toEqual({ kind: 'again', why: message, mayBePublished: false });
  });

  it('refused, where Redis will say the same again', () => {
    expect(outcomeOfError(replyError('NOPERM this user has no permissions'))).toEqual({
      kind: 'refused',
      why: 'Redis refused the event: NOPERM this user has no permissions',
    });
  });

  it('not known, where there was no answer', () => {
    expect(outcomeOfError(new Error('Connection is closed.'))).toEqual({
      kind: 'again',
      why: 'Connection is closed.',
      mayBePublished: true,
    });
  });
});

it('another server is to be asked', () => {
  expect(hasMovedAway(replyError('MOVED 1 127.0.0.1:1'))).toBe(true);
  expect(hasMovedAway(replyError("READONLY You can't write"))).toBe(true);
  expect(hasMovedAway(replyError('OOM'))).toBe(false);
});
