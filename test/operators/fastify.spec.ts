import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MetricsModule } from '../../src/platform/metrics/metrics.module.js';
import type { PlatformConfig } from '../../src/platform/config/platform-config.js';
import type { RealtimeModule } from '../../src/realtime/index.js';
import { signToken, TEST_SECRET } from '../support/jwt.js';

const ADMIN = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;
const METRICS_TOKEN = 'prometheus-of-the-tests';

/** Imports the built module, because only the build has the files of the console. */
async function built<Module>(path: string): Promise<Module> {
  if (!existsSync('dist/realtime/index.js')) throw new Error('dist is missing: run "npm run build" first');
  return (await import(pathToFileURL(resolve('dist', path)).href)) as Module;
}

describe('the routes for operators, on Fastify', () => {
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    const realtime = await built<{ RealtimeModule: typeof RealtimeModule }>('realtime/index.js');
    const metrics = await built<{ MetricsModule: typeof MetricsModule }>('platform/metrics/metrics.module.js');
    const config = await built<{ PlatformConfig: typeof PlatformConfig }>('platform/config/platform-config.js');
    const { PlatformConfig: Config } = config;

    @Module({ providers: [{ provide: Config, useValue: new Config({ METRICS_TOKEN }) }], exports: [Config] })
    class ConfigModule {}
    const root = {
      module: class Root {},
      imports: [
        { module: ConfigModule, global: true },
        metrics.MetricsModule,
        realtime.RealtimeModule.forRoot({ jwt: { secret: TEST_SECRET }, operatorApi: true, console: true }),
      ],
    };
    const fastify = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
    app = await NestFactory.create<NestFastifyApplication>(root, fastify, { logger: ['error'] });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  }, 60_000);
  afterAll(() => app?.close());

  const get = (path: string, authorization?: string): Promise<Response> =>
    fetch(`${url}${path}`, { redirect: 'manual', headers: authorization === undefined ? {} : { authorization } });

  it('the console is served with its files and its content security policy', async () => {
    const index = await get('/realtime/console');
    const html = await index.text();
    expect([index.status, index.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(index.headers.get('content-security-policy')).toContain("default-src 'none'");
    const files = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path!);
    const answers = await Promise.all(files.map((path) => get(`/realtime/${path}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const answer of answers) {
      expect((await answer.arrayBuffer()).byteLength).toBe(Number(answer.headers.get('content-length')));
    }
    expect((await get('/realtime/console/index.html')).status).toBe(404);
  });

  it.each(['console', 'asyncapi'])('a trailing slash redirects to %s, if the router lets it through', async (page) => {
    const answer = await get(`/realtime/${page}/`);
    expect(answer.status).toBe(308);
    expect(new URL(answer.headers.get('location')!, answer.url).pathname).toBe(`/realtime/${page}`);
  });

  it('the API answers administrators', async () => {
    expect((await get('/realtime/stats')).status).toBe(401);
    const stats = await get('/realtime/stats', ADMIN);
    expect(await stats.json()).toMatchObject({ cluster: { connections: 0 }, instances: [{ draining: false }] });
    const document = await get('/realtime/asyncapi.json', ADMIN);
    expect(await document.json()).toMatchObject({ asyncapi: expect.stringMatching(/^3\./) as string });
  });

  it('/metrics answers Prometheus and administrators', async () => {
    expect((await get('/metrics')).status).toBe(401);
    for (const authorization of [`Bearer ${METRICS_TOKEN}`, ADMIN]) {
      const answer = await get('/metrics', authorization);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(await answer.text()).toContain('realtime_broker_up');
    }
  });
});
