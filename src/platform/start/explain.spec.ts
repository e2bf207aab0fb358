import { RealtimeOptionsError } from '../../realtime/index.js';
import { StartError } from '../config/start-error.js';
import { explain } from './explain.js';

describe('explain', () => {
  it.each([
    ['`history.size` must not be less than 1 (it is 0)', 'REALTIME_HISTORY_SIZE must not be less than 1 (it is 0).'],
    ['`console` needs `operatorApi`: it', 'REALTIME_CONSOLE needs REALTIME_OPERATOR_API: it.'],
    ['`redis.tlsCert` and `redis.url` x', 'REALTIME_REDIS_TLS_CERT_FILE and REDIS_URL x.'],
    ['`publishApiKeys` each value in publishApiKeys is', 'Each value of REALTIME_PUBLISH_API_KEYS is.'],
    ['`jwt.jwksUrl` must', 'JWT_JWKS_URL must.'],
    ['`channels.0.name` must', '`channels.0.name` must.'],
  ])('names the variables of %s', (problem, sentence) => {
    expect(explain(new RealtimeOptionsError([problem]))).toBe(sentence);
  });

  it('shows the stack of an unexpected error', () => {
    expect(explain(new StartError('PORT is taken.'))).toBe('PORT is taken.');
    expect(explain(new Error('a bug'))).toMatch(/a bug\n\s+at /);
    expect(explain('thrown')).toBe('thrown');
  });
});
