import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { AuthService } from '../../src/realtime/auth/auth.service.js';
import type { Principal } from '../../src/realtime/auth/principal.js';
import { Connection } from '../../src/realtime/connections/connection.js';
import { ConnectionRegistry } from '../../src/realtime/connections/connection-registry.js';
import { RealtimeGateway } from '../../src/realtime/gateway/realtime.gateway.js';
import type { FrameHandler } from '../../src/realtime/gateway/connection-lifecycle.js';
import { RealtimeServer } from '../../src/realtime/gateway/realtime-server.js';
import { RealtimeModule, type RealtimeOptions } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { ResolvedRealtimeOptions } from '../../src/realtime/options/realtime-options.js';
import { RealtimeClock } from '../../src/realtime/timing/realtime-clock.js';
import { FakeTransport } from './fake-transport.js';
import { signToken, TEST_SECRET, type TestClaims } from './jwt.js';
import { framesOf, type OfflineConnection } from './offline-connection.js';
import { until } from './until.js';

@Module({})
class RootModule {}

type Frame = Record<string, unknown>;

/** A client of the gateway without a network. */
export class OfflineClient {
  private read = 0;

  constructor(
    readonly connection: OfflineConnection,
    private readonly handler: FrameHandler,
  ) {}

  /** Sends a frame, or text as it is. */
  send(frame: object | string, isBinary = false): void {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    this.handler.message(this.connection, Buffer.from(text), isBinary);
  }

  ping(data = Buffer.alloc(0)): void {
    this.handler.ping(this.connection, data);
  }

  /** The frames that arrived since the last call, without their timestamps. */
  received(): Frame[] {
    const frames = framesOf(this.connection).slice(this.read);
    this.read += frames.length;
    return frames.map((frame) => Object.fromEntries(Object.entries(frame).filter(([key]) => key !== 'timestamp')));
  }

  /** Resolves with the next frames once that many have arrived. */
  async next(count = 1): Promise<Frame[]> {
    await until(() => this.connection.transport.sent.length >= this.read + count);
    return this.received();
  }

  /** Sends a frame and resolves with all frames up to the answers. */
  ask(frame: object | string, answers = 1): Promise<Frame[]> {
    this.send(frame);
    return this.next(answers);
  }

  get closes(): readonly number[] {
    return this.connection.transport.closes.map(([code]) => code);
  }
}

/** The module with its gateway, without an open port: connections are handed to it. */
export class OfflineGateway {
  readonly gateway: RealtimeGateway;

  private constructor(readonly app: INestApplication) {
    this.gateway = app.get(RealtimeGateway);
  }

  static async start(
    options: Partial<RealtimeOptions> = {},
    providers: NonNullable<Parameters<typeof Module>[0]['providers']> = [],
  ): Promise<OfflineGateway> {
    const quick = { drainDelayMs: 0, reconnectSpreadMs: 0 };
    const imports = [RealtimeModule.forRoot({ jwt: { secret: TEST_SECRET }, ...quick, ...options })];
    const app = await NestFactory.create({ module: RootModule, imports, providers }, { logger: false });
    await app.init();
    return new OfflineGateway(app);
  }

  /** Creates a connection that the gateway has not accepted yet. */
  open(principal: Principal | null = null): OfflineClient {
    const [server, options] = [this.app.get(RealtimeServer), this.app.get(ResolvedRealtimeOptions)];
    const { frames, closeSlow } = server.connections as unknown as {
      frames: FrameHandler;
      closeSlow: (connection: Connection) => void;
    };
    const now = this.app.get(RealtimeClock).now();
    const counters = this.app.get(Counters);
    const address = '192.0.2.1';
    const connection = new Connection(new FakeTransport(), address, principal, options, closeSlow, counters, now);
    connection.countedAs = address;
    return new OfflineClient(connection as OfflineConnection, frames);
  }

  accept(client: OfflineClient, url = '/ws'): void {
    this.gateway.handleConnection(client.connection, { url, headers: {} } as IncomingMessage);
  }

  /** Opens a connection as the server does: Nest passes it to this gateway and to those of the application. */
  enter(principal: Principal | null = null, url = '/ws'): OfflineClient {
    const { connections } = this.app.get(RealtimeServer);
    const client = { address: '192.0.2.1', countedAs: '192.0.2.1' };
    const connection = connections.open(
      new FakeTransport(),
      { url, headers: {} } as IncomingMessage,
      principal,
      client,
    );
    return new OfflineClient(connection as OfflineConnection, connections.frames);
  }

  /** Connects without a token. */
  connect(url?: string): OfflineClient {
    const client = this.open();
    this.accept(client, url);
    return client;
  }

  /** Connects with the principal of a token. */
  async connectAs(claims: TestClaims = {}, url?: string): Promise<OfflineClient> {
    const client = this.open(await this.principalOf(claims));
    this.accept(client, url);
    return client;
  }

  principalOf(claims: TestClaims = {}, tenant: string | null = null): Promise<Principal> {
    return this.app.get(AuthService).verify(signToken(claims), tenant);
  }

  /** Closes the application. Its connections have ended before, because no client answers a close. */
  async close(): Promise<void> {
    for (const connection of this.app.get(ConnectionRegistry).all()) this.gateway.handleDisconnect(connection);
    await this.app.close();
  }
}
