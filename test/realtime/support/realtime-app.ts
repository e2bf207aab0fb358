import { Module, type DynamicModule, type INestApplication, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ConnectionRegistry,
  EventsPublisher,
  RealtimeModule,
  RealtimeServer,
  type Connection,
  type RealtimeOptions,
} from '../../../src/realtime/index.js';
import { freePort } from '../../support/ports.js';
import { signToken, TEST_SECRET, type TestClaims } from '../../support/jwt.js';
import { connect, type ConnectOptions, type WsClient } from '../../support/ws-client.js';

@Module({})
class RootModule {}

/** Options of the module. `jwt` defaults to the test secret. */
export type TestOptions = Partial<RealtimeOptions>;

export interface BootOptions extends Pick<DynamicModule, 'imports' | 'providers' | 'controllers'> {
  /** `http2` is Fastify over HTTP/2 without TLS. @default 'express' */
  readonly http?: 'express' | 'fastify' | 'http2';
  /** @default any free port */
  readonly port?: number;
  /** Called before `listen()`. */
  readonly prepare?: (app: INestApplication) => void;
}

/** Records every log line of the application, including debug. */
export class LogBook implements LoggerService {
  readonly lines: string[] = [];
  log = (...parts: unknown[]): void => this.write('log', parts);
  warn = (...parts: unknown[]): void => this.write('warn', parts);
  error = (...parts: unknown[]): void => this.write('error', parts);
  debug = (...parts: unknown[]): void => this.write('debug', parts);
  verbose = (...parts: unknown[]): void => this.write('verbose', parts);
  fatal = (...parts: unknown[]): void => this.write('fatal', parts);

  private write(level: string, parts: unknown[]): void {
    const text = parts.map((part) => (part instanceof Error ? `${part.message} ${part.stack}` : String(part)));
    this.lines.push(`${level}: ${text.join(' ')}`);
  }
}

/** A Nest application with the module, listening on a free port. */
export class RealtimeApp {
  readonly events: EventsPublisher;
  readonly registry: ConnectionRegistry;
  readonly server: RealtimeServer;
  readonly port: number;

  private constructor(
    readonly app: INestApplication,
    readonly log: LogBook,
    private readonly path: string,
  ) {
    this.events = app.get(EventsPublisher);
    this.registry = app.get(ConnectionRegistry);
    this.server = app.get(RealtimeServer);
    this.port = ((app.getHttpServer() as Server).address() as AddressInfo).port;
  }

  static async start(options: TestOptions = {}, boot: BootOptions = {}): Promise<RealtimeApp> {
    const log = new LogBook();
    const { imports = [], providers = [], controllers = [], http, port = await freePort(), prepare } = boot;
    const root: DynamicModule = {
      module: RootModule,
      imports: [RealtimeModule.forRoot(withDefaults(options)), ...imports],
      providers,
      controllers,
    };
    const settings = { abortOnError: false, logger: log };
    const app =
      http === undefined || http === 'express'
        ? await NestFactory.create(root, settings)
        : await NestFactory.create(root, new FastifyAdapter(http === 'http2' ? { http2: true } : {}), settings);
    prepare?.(app);
    try {
      await app.listen(port, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    return new RealtimeApp(app, log, options.path ?? '/ws');
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}${this.path}`;
  }

  /** Connects, without a token by default. */
  connect(options: ConnectOptions = {}): Promise<WsClient> {
    return connect(this.url, options);
  }

  /** Connects with a token of these claims and waits for `connected`. */
  async connectAs(claims: TestClaims = {}): Promise<WsClient> {
    const client = await this.connect({ token: signToken(claims) });
    await client.next('connected');
    return client;
  }

  /** Connects as the admin `boss` and waits for `connected`. */
  connectAdmin(): Promise<WsClient> {
    return this.connectAs({ sub: 'boss', role: 'admin' });
  }

  /**
   * Resolves with the close code once the server has released a user's only connection. Call it before the connection
   * closes.
   */
  gone(userId: string): Promise<number> {
    const [connection] = this.registry.ofUser(userId);
    return this.endOf(connection!);
  }

  endOf(connection: Connection): Promise<number> {
    return new Promise((resolve) => this.server.onDisconnect(connection, resolve));
  }

  /** Closes the application like a deployment; every connection is notified. */
  close(): Promise<void> {
    return this.app.close();
  }
}

/** High limit, so that a busy machine rejects no clients. */
const BUSY_MACHINE_MS = 60_000;

/** Adds the defaults of all tests: short timeouts, and the secret of `signToken`. */
export function withDefaults(options: TestOptions): RealtimeOptions {
  const quick = { closeTimeoutMs: 500, drainDelayMs: 0, reconnectSpreadMs: 0 };
  // One user opens many connections in a test.
  const patient = { maxEventLoopDelayMs: BUSY_MACHINE_MS, handshakesPerSecondPerUser: 1_000 };
  return { jwt: { secret: TEST_SECRET }, ...quick, ...patient, ...options };
}

/** Resolves with the arguments of the next event. */
export async function eventOf(emitter: NodeJS.EventEmitter, name: string): Promise<unknown[]> {
  return once(emitter, name) as Promise<unknown[]>;
}
