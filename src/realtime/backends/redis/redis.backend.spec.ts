import { redisBackend } from './redis.backend.js';

describe('redisBackend', () => {
  it.each<[object, RegExp]>([
    [{}, /`redis` needs `url`, `sentinels` or `cluster`/],
    [{ url: 'http://localhost' }, /`redis\.url` must begin with redis:\/\//],
    [{ ur: 'redis://localhost' }, /`redis\.ur` is not a known option: did you mean `url`\?/],
    [{ sentinels: ['a:1'], cluster: ['b:2'] }, /exclude each other/],
  ])('refuses %j at once, and says why', (options, message) => {
    expect(() => redisBackend(options)).toThrow(message);
  });

  it('refuses what is not an object', () => {
    expect(() => redisBackend('redis://localhost' as never)).toThrow(/needs an object such as/);
  });
});
