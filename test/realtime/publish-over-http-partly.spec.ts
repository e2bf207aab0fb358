import { Redis } from 'ioredis';
import { RedisProcess } from '../support/redis-process.js';
import { RealtimeApp } from './support/realtime-app.js';
import { EVENT_ID } from './support/shapes.js';

const API_KEY = 'a key of a service, long enough';

describe('POST /realtime/events, of which Redis accepts a part', () => {
  let redis: RedisProcess;
  let app: RealtimeApp;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    app = await RealtimeApp.start({ publishApiKeys: [API_KEY], redis: { url: redis.url } });
  });
  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  const post = async (body: unknown) => {
    const answer = await fetch(`${app.http}/realtime/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': API_KEY },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const created = { channel: 'apps:created', data: { id: '1', name: 'one' } };
  const deleted = { channel: 'apps:deleted', data: { id: '1' } };
  const problem = {
    message: expect.stringMatching(/user executing the script.*is unknown/) as unknown,
    mayBePublished: true,
  };

  it('returns a result for each event of a list: published, or possibly published', async () => {
    const client = new Redis(redis.url);
    // The script stores an event of apps:deleted, but fails to publish it.
    await client.call('ACL', 'SETUSER', 'default', 'resetchannels', '&*created*', '&*beat*', '&*$*');
    client.disconnect();
    const published = { channel: 'apps:created', id: expect.stringMatching(EVENT_ID) as unknown };
    expect(await post([created, deleted, created])).toMatchObject({
      status: 503,
      body: { statusCode: 503, ...problem, results: [published, { error: problem }, published] },
    });
  });

  it('reports whether a single event may have been published', async () => {
    expect(await post(deleted)).toMatchObject({ status: 503, body: { statusCode: 503, ...problem } });
  });
});
