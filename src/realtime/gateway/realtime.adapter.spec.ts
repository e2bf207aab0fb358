import { Logger, type WebSocketAdapter } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import { SamePathGateway } from '../../../test/realtime/support/other-gateways.js';
import { recordLog } from '../../../test/support/log-lines.js';
import { OfflineGateway, type OfflineClient } from '../../../test/support/offline-gateway.js';
import { RealtimeAdapter } from './realtime.adapter.js';
import { RealtimeServer } from './realtime-server.js';

/** Fails in every hook, and remembers its calls. */
@WebSocketGateway({ path: '/ws' })
class FailingGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  readonly calls: string[] = [];

  afterInit(): void {
    this.fail('init');
  }
  handleConnection(): void {
    this.fail('connection');
  }
  async handleDisconnect(): Promise<void> {
    await Promise.resolve();
    this.fail('disconnect');
  }
  private fail(hook: string): never {
    this.calls.push(hook);
    throw new Error('of the test');
  }
}

describe('gateways of the application on the path of the module', () => {
  let gateway: OfflineGateway;
  let client: OfflineClient;

  beforeAll(async () => {
    gateway = await OfflineGateway.start({ messageTimeoutMs: 100 }, [SamePathGateway, FailingGateway]);
  });
  beforeEach(() => {
    client = gateway.enter();
    client.received();
  });
  afterEach(() => gateway.app.get(RealtimeServer).connections.end(client.connection, 1000));
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  it.each([
    ['a value', { type: 'rename', data: { name: 'x' } }, { type: 'rename', data: { renamed: 'x' } }],
    ['an event', { type: 'respond', data: 1 }, { type: 'response', data: 1 }],
    ['a promise', { type: 'later', data: 2 }, { type: 'later', data: 2 }],
    ['an exception', { type: 'refuse' }, { type: 'error', message: 'Not on a Sunday' }],
    [
      'an exception with a code',
      { type: 'refuse-with-code' },
      { type: 'error', code: 'forbidden', message: 'Not you' },
    ],
    ['an error', { type: 'break' }, { type: 'error', code: 'internal' }],
    ['an error later', { type: 'break-later' }, { type: 'error', code: 'internal' }],
    ['an error in a stream', { type: 'break-stream' }, { type: 'error', code: 'internal' }],
  ])('answer with %s', async (_what, frame, answer) => {
    const [first] = await client.ask({ ...frame, ref: 'r' });
    expect(first).toMatchObject({ ...answer, ref: 'r' });
    expect(JSON.stringify(first)).not.toContain('internal text');
  });

  it('never receive a message of the protocol', async () => {
    expect(await client.ask({ type: 'ping', ref: 'r' })).toEqual([{ type: 'pong', ref: 'r' }]);
  });

  it('can fail in every hook: the connection stays, and all hooks are called', async () => {
    expect(await client.ask({ type: 'ping' })).toEqual([{ type: 'pong' }]);
    const { calls } = gateway.app.get(FailingGateway);
    gateway.app.get(RealtimeServer).connections.end(client.connection, 1000);
    await new Promise(setImmediate);
    expect([calls[0], calls.slice(-2)]).toEqual(['init', ['connection', 'disconnect']]);
  });

  it('answer nothing after the time limit', async () => {
    client.send({ type: 'silent', ref: 'r' });
    await client.ask({ type: 'ping' });
    expect(client.received()).toEqual([]);
  });
});

describe('RealtimeAdapter', () => {
  let gateway: OfflineGateway;
  let server: RealtimeServer;
  let chosen: string[];
  let served: number;
  let adapter: RealtimeAdapter;

  beforeAll(async () => {
    gateway = await OfflineGateway.start();
    server = gateway.app.get(RealtimeServer);
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });
  beforeEach(() => {
    chosen = [];
    served = 0;
    const record =
      (name: string) =>
      (...given: unknown[]): string =>
        `${chosen.push(`${name} ${JSON.stringify(given.slice(0, 2))}`)}`;
    const names = ['create', 'bindClientConnect', 'bindClientDisconnect', 'bindMessageHandlers', 'close', 'dispose'];
    const other = Object.fromEntries(names.map((name) => [name, record(name)])) as unknown as WebSocketAdapter;
    const choose = (): WebSocketAdapter => {
      chosen.push('chosen');
      return other;
    };
    adapter = new RealtimeAdapter(server, choose, () => void (served += 1));
  });

  it('serves the path of the module on the port of the application', () => {
    expect(adapter.create(0, { path: '/ws' })).toBe(server);
    expect([served, chosen, server.isAttached]).toEqual([1, [], true]);
  });

  it.each<[number, { path?: string } | undefined]>([
    [1, { path: '/ws' }],
    [0, { path: '/other' }],
    [0, undefined],
  ])('leaves other gateways to the adapter of the application: port %i, %j', (port, options) => {
    expect(adapter.create(port, options)).toBe('2');
    expect([served, chosen]).toEqual([0, ['chosen', `create ${JSON.stringify([port, options ?? {}])}`]]);
  });

  it('passes the clients of other gateways on, and chooses the adapter once', async () => {
    const [client, other] = [{ of: 'another server' }, { close: () => undefined }];
    adapter.bindClientConnect(other, () => undefined);
    adapter.bindClientDisconnect(client, () => undefined);
    adapter.bindMessageHandlers(client, [], () => null as never);
    await adapter.close(other);
    await adapter.dispose();
    expect(chosen.map((call) => call.split(' ')[0])).toEqual([
      ...['chosen', 'bindClientConnect', 'bindClientDisconnect', 'bindMessageHandlers', 'close', 'dispose'],
    ]);
  });

  it('needs no other adapter for dispose and forceCloseConnections', async () => {
    await adapter.dispose();
    adapter.forceCloseConnections = undefined;
    expect(chosen).toEqual([]);
    adapter.forceCloseConnections = true;
    expect((adapter as unknown as { others: object }).others).toMatchObject({ forceCloseConnections: true });
    adapter.forceCloseConnections = undefined;
    expect((adapter as unknown as { others: object }).others).toHaveProperty('forceCloseConnections', undefined);
  });

  it('reports a handler for a type of the protocol once', () => {
    const { connection } = gateway.connect();
    const lines = recordLog();
    const handler = { message: 'ping', callback: () => null as never, methodName: 'ping', isAckHandledManually: false };
    for (let count = 0; count < 2; count += 1) adapter.bindMessageHandlers(connection, [handler], () => null as never);
    expect(lines).toEqual([
      "error: @SubscribeMessage('ping') is never called: the protocol has a message of this type",
    ]);
    expect(connection.messageTypes).toBeNull();
    gateway.gateway.handleDisconnect(connection);
  });
});
