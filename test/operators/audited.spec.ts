import { RequestMethod, type Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { AdminGuard } from '../../src/realtime/http/admin.guard.js';
import { routeOf } from '../../src/realtime/http/realtime-route.js';
import { RealtimeAudit, type AuditEntry } from '../../src/realtime/index.js';
import { AuditBook, AuditModule } from '../realtime/support/audit-book.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken, type TestClaims } from '../support/jwt.js';

interface Route {
  readonly method: string;
  readonly path: string;
}

/** Returns the routes of a controller, from the metadata that Nest maps them by. */
function routesOf(controller: Type<object>): Route[] {
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
  return Object.values(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(({ value }) => {
    if (typeof value !== 'function' || Reflect.getMetadata(METHOD_METADATA, value) === undefined) return [];
    const path = Reflect.getMetadata(PATH_METADATA, value as object) as string;
    const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, value as object) as RequestMethod];
    return [{ method, path: `/${base}/${path}` }];
  });
}

const EVERYTHING_BUT_OPERATORS = ['publish', 'tickets', 'history', 'stream', 'commands', 'console'];

describe.each(['express', 'fastify'] as const)('the audit log of the routes for operators, on %s', (http) => {
  let app: RealtimeApp;
  let book: AuditBook;
  let routes: Route[];

  beforeAll(async () => {
    const options = { operatorApi: true, publishApi: true, tenants: { claim: 'tenant', platformRole: 'admin' } };
    app = await RealtimeApp.start(options, { imports: [AuditModule], http });
    book = app.app.get<AuditBook>(RealtimeAudit, { strict: false });
    const controllers = [...app.app.get(ModulesContainer).values()]
      .flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype as Type<object>))
      .filter((controller) => routeOf(controller) !== undefined);
    for (const controller of controllers) {
      const guards = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as unknown[];
      const isOperators = !EVERYTHING_BUT_OPERATORS.includes(routeOf(controller)!);
      if (guards.includes(AdminGuard) !== isOperators) throw new Error(`${controller.name} has the wrong guard`);
    }
    routes = controllers.filter((c) => !EVERYTHING_BUT_OPERATORS.includes(routeOf(c)!)).flatMap(routesOf);
  });
  beforeEach(() => {
    book.entries.length = 0;
  });
  afterAll(() => app?.close());

  /** Calls each route. @returns its entries in the audit log */
  async function entriesOf(authorization: string, query = ''): Promise<AuditEntry[][]> {
    const found: AuditEntry[][] = [];
    for (const { method, path } of routes) {
      const url = app.http + path.replace(/:\w+/g, 'some-id') + query;
      const answer = await fetch(url, { method, headers: authorization === '' ? {} : { authorization } });
      await answer.body?.cancel();
      expect(answer.status).not.toBe(500);
      found.push(book.entries.splice(0));
    }
    return found;
  }

  const bearer = (claims: TestClaims): string => `Bearer ${signToken(claims)}`;

  it('has one entry for each call of an administrator, with caller and target, whether it succeeds or not', async () => {
    expect(routes.length).toBeGreaterThanOrEqual(15);
    const entries = await entriesOf(bearer({ sub: 'boss', role: 'admin', jti: 's1' }), '?tenant=acme&unknown=1');
    const names = new Set<string>();
    for (const [index, { method, path }] of routes.entries()) {
      expect(entries[index]).toHaveLength(1);
      const [entry] = entries[index] as [AuditEntry];
      expect(entry).toMatchObject({
        ...{ userId: 'boss', role: 'admin', sessionId: 's1', address: '127.0.0.1', at: expect.any(Date) as Date },
        ...{ target: path.includes(':') ? 'some-id' : null, query: { tenant: 'acme', unknown: '1' } },
        event: method === 'GET' ? 'operator_read' : 'operator_action',
      });
      names.add(`${entry.event} ${(entry as { read?: string }).read ?? (entry as { action?: string }).action}`);
    }
    expect(names.size).toBe(routes.length);
  });

  it.each([
    ['without a token', '', { reason: 'token_missing', userId: null }],
    ['with a bad token', 'Bearer rubbish', { reason: 'token_invalid', userId: null }],
    ['with an expired token', bearer({ sub: 'boss', role: 'admin', exp: 1 }), { reason: 'token_expired' }],
    ['of a user', bearer({ sub: 'ann', tenant: 'acme' }), { reason: 'not_admin', userId: 'ann', tenant: 'acme' }],
    ['of a tenant', bearer({ sub: 'ann', role: 'admin', tenant: 'acme' }), { reason: 'not_admin', userId: 'ann' }],
  ])(
    'has one entry for each call %s, with the reason of the refusal and without the token',
    async (_who, authorization, why) => {
      const entries = await entriesOf(authorization, '?token=SECRET');
      for (const [index, { path }] of routes.entries()) {
        const entry = { event: 'request_refused', path: path.replace(/:\w+/g, 'some-id'), ...why };
        expect(entries[index]).toEqual([expect.objectContaining(entry)]);
      }
      expect(JSON.stringify(entries)).not.toContain('SECRET');
    },
  );
});
