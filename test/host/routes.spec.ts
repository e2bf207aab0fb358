import {
  Catch,
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  UnauthorizedException,
  ValidationPipe,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, HttpAdapterHost, Reflector } from '@nestjs/core';
import { map, tap, type Observable } from 'rxjs';
import { REALTIME_ROUTE } from '../../src/realtime/index.js';
import { ConsolePages } from '../../src/realtime/http/console-pages.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp, type BootOptions, type TestOptions } from '../realtime/support/realtime-app.js';

const API_KEY = 'a key of a service, long enough';
const ADMIN = { authorization: `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` };
const EVENT = { channel: 'apps:created', data: { id: '1', name: '  <b>one</b>  ' } };

/** Stands for the built files of the console, so that the tests need no build. */
const FILES = {
  page: '<!doctype html><meta name="realtime-path" content="/ws" /><script src="./console/a.js"></script>',
  assets: new Map([['a.js', { type: 'text/javascript; charset=utf-8', content: Buffer.from('let a;') }]]),
};

@Controller()
class OrdersController {
  @Get('orders')
  orders(): string[] {
    return ['first'];
  }
}

/** A typical guard of an application: only marked routes are public. */
@Injectable()
class TokenGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    const isOpen = ['isPublic', REALTIME_ROUTE].some((key) => this.reflector.getAllAndOverride(key, targets));
    if (!isOpen) throw new UnauthorizedException('the guard of the application');
    return true;
  }
}

/** Reads only the metadata of the handler, and does not know the module. */
@Injectable()
class HandlerGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<boolean | undefined>('isPublic', context.getHandler()) === true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** Wraps every answer, and sets a header. */
@Injectable()
class Envelope implements NestInterceptor {
  readonly seen: string[] = [];

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    this.seen.push(http.getRequest<{ url: string }>().url);
    return next.handle().pipe(
      map((data: unknown) => ({ data })),
      tap(() => http.getResponse<{ header(name: string, value: string): void }>().header('X-Wrapped', 'yes')),
    );
  }
}

class Shouting implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.toUpperCase() : { value };
  }
}

@Catch()
class Teapot implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { teapot: true }, 418);
  }
}

@Module({
  providers: [
    { provide: APP_GUARD, useClass: TokenGuard },
    { provide: APP_INTERCEPTOR, useClass: Envelope },
  ],
})
class AppEnhancers {}

@Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: PerRequest }] })
class RequestScoped {}

describe.each(['express', 'fastify'] as const)("the module's routes in an application (%s)", (http) => {
  let app: RealtimeApp;
  afterEach(() => app.close());

  async function start(boot: BootOptions = {}, options: TestOptions & { routeMetadata?: object } = {}): Promise<void> {
    const all = { publishApiKeys: [API_KEY], operatorApi: true, console: true, ...options };
    app = await RealtimeApp.start(all, { http, controllers: [OrdersController], ...boot });
    Object.assign(app.app.get(ConsolePages, { strict: false }), { files: FILES });
  }

  const call = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${app.http}${path}`, init);
  const publish = (path = '/realtime/events', headers: Record<string, string> = { 'x-api-key': API_KEY }) =>
    call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(EVENT),
    });

  /** Calls each route as its caller would, and expects the documented shape of every answer. */
  async function expectAllRoutes(prefix = ''): Promise<void> {
    const published = await publish(`${prefix}/realtime/events`);
    expect([published.status, await published.json()]).toEqual([
      201,
      { id: expect.any(String) as string, channel: 'apps:created', timestamp: expect.any(String) as string },
    ]);
    const byAdmin = await publish(`${prefix}/realtime/events`, ADMIN);
    expect(byAdmin.status).toBe(201);
    const ticket = await call(`${prefix}/realtime/tickets`, { method: 'POST', headers: ADMIN });
    expect([ticket.status, await ticket.json()]).toEqual([
      201,
      { ticket: expect.any(String) as string, expiresAt: expect.any(String) as string },
    ]);
    const stats = await call(`${prefix}/realtime/stats`, { headers: ADMIN });
    expect([stats.status, stats.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await stats.json()).toMatchObject({ instances: [{ draining: false }] });
    const history = await call(`${prefix}/realtime/channels/apps:created/history?limit=1`, { headers: ADMIN });
    expect(await history.json()).toMatchObject({ channel: 'apps:created', events: [{ data: EVENT.data }] });
    const contract = await call(`${prefix}/realtime/asyncapi.json`, { headers: ADMIN });
    expect(await contract.json()).toMatchObject({ asyncapi: '3.0.0' });
    const ended = await call(`${prefix}/realtime/users/ann/disconnect`, { method: 'POST', headers: ADMIN });
    expect([ended.status, await ended.json()]).toMatchObject([200, { disconnected: 0, missing: [] }]);

    for (const page of ['console', 'asyncapi']) {
      const answer = await call(`${prefix}/realtime/${page}`);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(await answer.text()).toContain('./console/a.js');
    }
    expect((await call(`${prefix}/realtime/console`, { method: 'HEAD' })).status).toBe(200);
    const slash = await call(`${prefix}/realtime/console/`, { redirect: 'manual' });
    expect([slash.status, slash.headers.get('location')]).toEqual([308, '../console']);
    const asset = await call(`${prefix}/realtime/console/a.js`);
    expect([asset.status, await asset.text()]).toEqual([200, 'let a;']);

    for (const [refused, status] of [
      [await publish(`${prefix}/realtime/events`, { 'x-api-key': 'not the key' }), 401],
      [await call(`${prefix}/realtime/stats`), 401],
      [await call(`${prefix}/realtime/stats?nonsense=1`, { headers: ADMIN }), 400],
      [await call(`${prefix}/realtime/connections/none`, { headers: ADMIN }), 404],
    ] as const) {
      expect(await refused.json()).toMatchObject({ statusCode: status, message: expect.any(String) as string });
      expect(refused.status).toBe(status);
    }
  }

  it('a global guard recognises them by the marker (useGlobalGuards)', async () => {
    await start({ prepare: (nest) => nest.useGlobalGuards(new TokenGuard(nest.get(Reflector))) });
    await expectAllRoutes();
    expect((await call('/orders')).status).toBe(401);
  });

  it('a global guard that does not recognise them refuses them; the pages of the console stay readable', async () => {
    await start({ prepare: (nest) => nest.useGlobalGuards(new HandlerGuard(nest.get(Reflector))) });
    const answer = await publish();
    expect([answer.status, await answer.json()]).toMatchObject([403, { message: 'Forbidden resource' }]);
    expect((await call('/realtime/console')).status).toBe(200);
  });

  it('an existing guard lets them pass with the metadata of the option routeMetadata', async () => {
    const prepare = (nest: INestApplication) => nest.useGlobalGuards(new HandlerGuard(nest.get(Reflector)));
    await start({ prepare }, { routeMetadata: { isPublic: true } });
    await expectAllRoutes();
    expect((await call('/orders')).status).toBe(403);
  });

  it('APP_GUARD and APP_INTERCEPTOR: the marker counts, and the envelope wraps only the routes of the application', async () => {
    await start({ imports: [AppEnhancers] });
    await expectAllRoutes();
    expect((await call('/orders')).status).toBe(401);
  });

  it('interceptors, pipes and filters of the application do not change their input and answers', async () => {
    const envelope = new Envelope();
    await start({
      prepare: (nest) => {
        nest.useGlobalInterceptors(envelope);
        nest.useGlobalPipes(new Shouting(), new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
        nest.useGlobalFilters(new Teapot(nest.get(HttpAdapterHost)));
      },
    });
    await expectAllRoutes();
    expect(envelope.seen.filter((url) => /console|asyncapi$/.test(url))).toEqual([]);
    const orders = await call('/orders');
    expect([orders.headers.get('x-wrapped'), await orders.json()]).toEqual(['yes', { data: ['first'] }]);
    expect((await call('/nowhere')).status).toBe(418);
    expect(app.log.lines.filter((line) => /^(error|warn)/.test(line))).toEqual([]);
  });

  it('they work if the application creates its controllers for each request, and count tickets anyway', async () => {
    await start({ imports: [RequestScoped] }, { routeMetadata: { isPublic: true }, path: '/live' });
    await expectAllRoutes();
    const statuses = [];
    for (let count = 0; count < 61; count += 1) {
      statuses.push((await call('/realtime/tickets', { method: 'POST', headers: ADMIN })).status);
    }
    expect(statuses).toContain(429);
    const client = await app.connectAs();
    await client.fence();
    await client.close();
  });

  it.each<[string, (nest: INestApplication) => void]>([
    ['uri', (nest) => nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })],
    ['header', (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' })],
    [
      'media type',
      (nest) => nest.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: '2' }),
    ],
    ['custom', (nest) => nest.enableVersioning({ type: VersioningType.CUSTOM, extractor: () => ['3', '2'] })],
  ])('they have no version: %s', async (_type, prepare) => {
    await start({ prepare });
    await expectAllRoutes();
    const headers = { ...ADMIN, 'X-Version': '7', Accept: 'application/json;v=7' };
    expect((await call('/realtime/stats', { headers })).status).toBe(200);
  });

  it('they are below the global prefix, with URI versioning too', async () => {
    await start({
      prepare: (nest) =>
        nest.setGlobalPrefix('api/').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    });
    await expectAllRoutes('/api');
    expect((await call('/realtime/console')).status).toBe(404);
    expect((await publish('/realtime/events')).status).toBe(404);
  });

  it('they are beside the global prefix if it excludes them', async () => {
    await start({ prepare: (nest) => nest.setGlobalPrefix('api', { exclude: ['realtime/*path'] }) });
    await expectAllRoutes();
    expect((await call('/api/orders')).status).toBe(200);
    expect((await call('/api/realtime/console')).status).toBe(404);
  });

  it('each handler and each controller carries the marker', async () => {
    const seen = new Map<string, unknown>();
    const spy: CanActivate = {
      canActivate(context) {
        const { name } = context.getHandler();
        seen.set(
          name,
          [context.getHandler(), context.getClass()].map(
            (target) => Reflect.getMetadata(REALTIME_ROUTE, target) as unknown,
          ),
        );
        return true;
      },
    };
    await start({ prepare: (nest) => nest.useGlobalGuards(spy) });
    await expectAllRoutes();
    await call('/orders');
    expect(Object.fromEntries(seen)).toMatchObject({
      publish: ['publish', 'publish'],
      issue: ['tickets', 'tickets'],
      stats: ['operators', 'operators'],
      disconnectUser: ['operators', 'operators'],
      asyncapi: ['asyncapi', 'asyncapi'],
      orders: [undefined, undefined],
    });
  });
});

describe('metadata of one application', () => {
  it('does not reach another application in the process', async () => {
    const guarded = (routeMetadata: object) =>
      RealtimeApp.start(
        { ...{ routeMetadata }, operatorApi: true },
        { prepare: (nest) => nest.useGlobalGuards(new HandlerGuard(nest.get(Reflector))) },
      );
    const [open, closed] = [await guarded({ isPublic: true }), await guarded({})];
    try {
      const statuses = [open, closed].map(
        async ({ http }) => (await fetch(`${http}/realtime/stats`, { headers: ADMIN })).status,
      );
      expect(await Promise.all(statuses)).toEqual([200, 403]);
    } finally {
      await Promise.all([open.close(), closed.close()]);
    }
  });
});
