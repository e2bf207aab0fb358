import { CallLimits } from './call-limits.js';
import type { FoundCommand } from './find-commands.js';

const command = (name: string, perSecond?: number): FoundCommand =>
  ({ name, options: { perSecond } }) as unknown as FoundCommand;
const TOO_MANY = 'Too many calls are running: wait for an answer';
const TOO_FAST = 'Too many calls of this command: slow down';

describe('the limits of calls', () => {
  const limitsOf = (changes = {}) =>
    new CallLimits({ perSecond: 100, maxRunning: 2, maxRunningPerUser: 3, ...changes });

  it('count the running calls of a connection and of its user', () => {
    const limits = limitsOf();
    const begin = (connection: string | null, user = 'u') => limits.begin(command('a'), connection, user, 0);
    for (const connection of ['c1', 'c1']) begin(connection);
    expect(() => begin('c1')).toThrow(TOO_MANY);
    begin('c2');
    expect(() => begin('c2')).toThrow(TOO_MANY); // the user has three
    expect(() => begin(null)).toThrow(TOO_MANY);
    expect(() => begin('c3', 'v')).not.toThrow();
    for (const connection of ['c1', 'c1', 'c2']) limits.end(connection, 'u');
    for (const connection of ['c1', 'c1', 'c2']) expect(() => begin(connection)).not.toThrow();
  });

  it('count calls without a connection by their user only', () => {
    const limits = limitsOf();
    const begin = () => limits.begin(command('a'), null, 'u', 0);
    for (let count = 0; count < 3; count += 1) begin();
    expect(begin).toThrow(TOO_MANY);
    limits.end(null, 'u');
    expect(begin).not.toThrow();
    expect(begin).toThrow(TOO_MANY);
  });

  it('count the rate of each user and command', () => {
    const limits = limitsOf({ perSecond: 1, maxRunning: 99, maxRunningPerUser: 99 });
    const begin = (name: string, user: string, now: number, perSecond?: number) =>
      limits.begin(command(name, perSecond), 'c', user, now);
    for (let count = 0; count < 2; count += 1) begin('a', 'u', 0); // a burst of twice the rate
    expect(() => begin('a', 'u', 0)).toThrow(TOO_FAST);
    expect(() => begin('b', 'u', 0)).not.toThrow();
    expect(() => begin('a', 'v', 0)).not.toThrow();
    expect(() => begin('a', 'u', 1_000)).not.toThrow();
    for (let count = 0; count < 4; count += 1) begin('fast', 'u', 0, 2);
    expect(() => begin('fast', 'u', 0, 2)).toThrow(TOO_FAST);
  });

  it('do not count a refused call', () => {
    const limits = limitsOf({ perSecond: 0.5, maxRunning: 1 });
    const begin = (name: string) => limits.begin(command(name), 'c', 'u', 0);
    begin('a');
    limits.end('c', 'u');
    expect(() => begin('a')).toThrow(TOO_FAST);
    expect(() => begin('b')).not.toThrow();
  });
});
