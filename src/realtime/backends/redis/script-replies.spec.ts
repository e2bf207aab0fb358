import {
  afterLostAnswer,
  needsReconnect,
  hasMovedSlot,
  outcomeOfError,
  outcomesOfReply,
  outcomesWithoutHistory,
} from './script-replies.js';

const replyError = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });
const wrapped = (error: Error): Error => new Error(`Too many Cluster redirections. Last error: ${String(error)}`);
const refused = (reason: RegExp, mayBePublished: boolean) => ({
  kind: 'refused',
  reason: expect.stringMatching(reason) as unknown,
  mayBePublished,
});

describe('the outcome of an event', () => {
  it('is published with consecutive offsets, except for late, unsure and previously published events', () => {
    expect(outcomesOfReply(['e1', '7', '1', 'late', '2', 'unsure', '4', 'e0 3'], 6)).toEqual([
      { kind: 'published', position: { epoch: 'e1', offset: 7 } },
      refused(/Not published in time/, false),
      refused(/it is unknown whether the event was published/, true),
      { kind: 'published', position: { epoch: 'e1', offset: 8 } },
      { kind: 'published', position: { epoch: 'e0', offset: 3 } },
      { kind: 'published', position: { epoch: 'e1', offset: 9 } },
    ]);
  });

  it('has no position without history', () => {
    expect(outcomesWithoutHistory(['1'], 2)).toEqual([
      { kind: 'published', position: null },
      refused(/Not published in time/, false),
    ]);
  });

  it.each([
    ["READONLY You can't write against a read only replica.", 'all'],
    ['LOADING Redis is loading the dataset in memory', 'all'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'all'],
    ['MOVED 3999 127.0.0.1:6381', 'all'],
    ['ASK 3999 127.0.0.1:6381', 'channel'],
    ['CLUSTERDOWN The cluster is down', 'channel'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'channel'],
    ['NOREPLICAS Not enough good replicas to write. script: 0a1b, on @user_script:3.', 'channel'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 0a1b, on @user_script:3.", 'channel'],
    ['MISCONF Redis is configured to save RDB snapshots', 'channel'],
  ])('is "not now" for %s, and pauses %s', (message, pause) => {
    expect(outcomeOfError(replyError(message))).toEqual({
      kind: 'again',
      reason: message,
      mayBePublished: false,
      pause,
    });
  });

  it.each(['MOVED 3999 127.0.0.1:6381', 'TRYAGAIN Multiple keys request', 'CLUSTERDOWN Hash slot not served'])(
    'pauses only the channel in a Cluster, whose client wraps the reply: %s',
    (message) => {
      expect(outcomeOfError(wrapped(replyError(message)), true)).toEqual({
        ...{ kind: 'again', reason: message, mayBePublished: false, pause: 'channel' },
      });
    },
  );

  it('is refused if Redis refused the command, so nothing was published', () => {
    expect(outcomeOfError(replyError("NOPERM this user has no permissions to run the 'evalsha' command"))).toEqual(
      refused(/^Redis refused the event: NOPERM/, false),
    );
  });

  it.each([
    "ERR The user executing the script can't run this command or subcommand script: 0a1b, on @user_script:39.",
    'WRONGTYPE Operation against a key holding the wrong kind of value script: 0a1b, on @user_script:12.',
    'ERR user_script:36: too many results to unpack script: 0a1b, on @user_script:36.',
  ])('is unknown if the script itself failed, because its earlier writes remain: %s', (message) => {
    expect(outcomeOfError(replyError(message))).toEqual(refused(/it is unknown whether/, true));
  });

  it('is unknown if Redis refused a retry after the reply to the first attempt was lost', () => {
    const refusal = outcomeOfError(replyError('NOPERM this user has no permissions'));
    expect(afterLostAnswer(refusal)).toEqual(refused(/^Redis refused the event: NOPERM.*it is unknown whether/, true));
    const again = outcomeOfError(replyError('MISCONF Redis is configured to save RDB snapshots'));
    expect(afterLostAnswer(again)).toBe(again);
  });

  it.each([new Error('Connection is closed.'), wrapped(new Error('Connection is closed.'))])(
    'is unknown without a reply: %s',
    (error) => {
      expect(outcomeOfError(error)).toEqual({
        ...{ kind: 'again', reason: 'Connection is closed.', mayBePublished: true, pause: 'all' },
      });
    },
  );
});

it('needsReconnect and hasMovedSlot detect that another server must be used', () => {
  expect(needsReconnect(replyError('MOVED 1 127.0.0.1:1'))).toBe(true);
  expect(needsReconnect(replyError("READONLY You can't write"))).toBe(true);
  expect(needsReconnect(replyError('OOM'))).toBe(false);
  expect(hasMovedSlot(wrapped(replyError('MOVED 1 127.0.0.1:1')))).toBe(true);
  expect(hasMovedSlot(replyError('READONLY'))).toBe(false);
});
