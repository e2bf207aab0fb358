import { RedisOptions } from '../../options/redis-options.js';
import { redisTarget } from './redis-address.js';

const targetOf = (given: Partial<RedisOptions>) => redisTarget(Object.assign(new RedisOptions(), given));

describe('the Redis of the options', () => {
  it('is none without an address', () => expect(targetOf({ tlsCa: 'ca', sentinelName: 'm' })).toBeNull());

  it('is a URL, with its certificates', () => {
    expect(targetOf({ url: 'redis://a' })).toEqual({ url: 'redis://a' });
    expect(targetOf({ url: 'rediss://a', tlsCa: 'ca', tlsKey: 'key' })).toEqual({
      url: 'rediss://a',
      tls: { ca: 'ca', key: 'key' },
    });
  });

  it('is a master behind Sentinels', () => {
    const given = { sentinels: ['s1:26379', '[::1]:26380'], sentinelName: 'm', sentinelUsername: 'u' };
    expect(targetOf(given)).toEqual({
      sentinels: [
        { host: 's1', port: 26_379 },
        { host: '::1', port: 26_380 },
      ],
      sentinelName: 'm',
      sentinelCredentials: { sentinelUsername: 'u' },
    });
    expect(targetOf({ sentinels: ['s:1'], sentinelPassword: 'p' })?.sentinelCredentials).toEqual({
      sentinelPassword: 'p',
    });
  });

  it('is a Cluster', () =>
    expect(targetOf({ cluster: ['c1:7000'] })).toEqual({ cluster: [{ host: 'c1', port: 7_000 }] }));
});
