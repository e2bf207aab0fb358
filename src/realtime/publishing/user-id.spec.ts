import { InvalidEventError } from './errors.js';
import { channelOfUser } from './user-id.js';

describe('the private channel of a user', () => {
  it.each<[unknown, string]>([
    ['ann', 'user:ann'],
    ['a/b', 'user:a%2Fb'],
    [0, 'user:0'],
    [7, 'user:7'],
    [7n, 'user:7'],
  ])('of %j is %s', (userId, channel) => {
    expect(channelOfUser(userId)).toBe(channel);
  });

  it.each<[unknown, string]>([
    ['', 'userId is empty: give the id of a user as a string that is not empty'],
    [null, 'userId is null'],
    [undefined, 'userId is undefined'],
    [-1, 'userId is -1'],
    [-1n, 'userId is bigint'],
    [1.5, 'userId is 1.5'],
    [{}, 'userId is object'],
    ['x'.repeat(1_000), 'userId must be well-formed Unicode, and its channel at most'],
    ['\ud800', 'userId must be well-formed Unicode'],
  ])('does not exist for %p', (userId, problem) => {
    expect(() => channelOfUser(userId)).toThrow(problem);
    expect(() => channelOfUser(userId)).toThrow(InvalidEventError);
  });
});
