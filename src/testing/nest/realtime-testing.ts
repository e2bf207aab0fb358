import type { Abstract, INestApplication, Type } from '@nestjs/common';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AuthService,
  Broker,
  ChannelCatalogue,
  ChannelPolicyService,
  ConnectionRegistry,
  EventsPublisher,
  RealtimeClock,
  ResolvedRealtimeOptions,
  type Principal,
} from '../../realtime/index.js';
import { BrokerOutage } from './broker-outage.js';
import { EmitRecorder, type RecordedEmit } from './emit-recorder.js';
import type { DataOf, Matcher } from './matcher.js';
import { soon } from './signal.js';
import { TestClient } from './test-client.js';
import { TestClock } from './test-clock.js';
import { tokenFor, type TestUser } from './test-token.js';

/** Channel → name of a user → what a `subscribe` is answered. Plain data, for the snapshot of any test runner. */
export type PolicyMatrix = Record<string, Record<string, 'granted' | 'forbidden' | 'unknown_channel' | 'unavailable'>>;

/** How long an expectation waits, in milliseconds: less than a test may take in Jest and Vitest, which would cut its story short. */
const PATIENCE_MS = 2_000;

/** Clients and questions for a running application, over real sockets on a free port. */
export class RealtimeTesting {
  /** Its time, for tokens and heartbeats. */
  readonly clock: TestClock;
  private clients: TestClient[] = [];
  private readonly options: ResolvedRealtimeOptions;
  private readonly time: RealtimeClock;
  private readonly registry: ConnectionRegistry;
  private readonly outage: BrokerOutage;
  private readonly recorder = new EmitRecorder();

  private constructor(
    private readonly app: INestApplication,
    private readonly patienceMs: number,
  ) {
    this.options = app.get(ResolvedRealtimeOptions, { strict: false });
    // A busy machine is not a reason to refuse the clients of a test.
    this.options.maxEventLoopDelayMs = Infinity;
    this.time = app.get(RealtimeClock, { strict: false });
    this.registry = app.get(ConnectionRegistry, { strict: false });
    this.outage = new BrokerOutage(app.get(Broker, { strict: false }), this.time);
    this.clock = new TestClock(this.time, this.registry, this.options.heartbeatIntervalMs, (connectionId) =>
      this.clients.some((client) => client.connectionId === connectionId && client.isSilent),
    );
    app.get(EventsPublisher, { strict: false }).onEmit((attempt) => this.recorder.record(attempt));
  }

  /**
   * @param app imports `RealtimeModule` or `RealtimeTestingModule`; it is brought to listen where it does not yet
   * @param patienceMs how long an expectation waits for its frame. @default 2000
   */
  static async of(app: INestApplication, { patienceMs = PATIENCE_MS } = {}): Promise<RealtimeTesting> {
    const realtime = new RealtimeTesting(app, patienceMs); // before it listens: what is emitted meanwhile is recorded too
    if (!(app.getHttpServer() as Server).listening) await app.listen(0, '127.0.0.1');
    return realtime;
  }

  /** What the application provides, from whatever module. */
  get<T>(provider: Type<T> | Abstract<T>): T {
    return this.app.get(provider, { strict: false });
  }

  /** Where it answers HTTP: `http://127.0.0.1:49152`. */
  get origin(): string {
    const { port } = (this.app.getHttpServer() as Server).address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Where clients connect. */
  get url(): string {
    return this.origin.replace('http', 'ws') + this.options.path;
  }

  /** Connects as a user, and takes `connected`. */
  async connectAs(user: TestUser): Promise<TestClient> {
    return this.connect({ token: this.tokenFor(user) });
  }

  /** Connects with a token of your own, or anonymously, and takes `connected`. */
  async connect({ token }: { readonly token?: string } = {}): Promise<TestClient> {
    const { patienceMs } = this;
    const client = await TestClient.open(this.url, token, {
      patienceMs,
      emitted: (channel) => this.recorder.transcript(channel),
    });
    this.clients.push(client);
    await client.next('connected');
    return client;
  }

  /** A token that the application takes: for its REST, or to be sent with `auth`. */
  tokenFor(user: TestUser): string {
    return tokenFor(user, this.options, this.time.wall());
  }

  /** What the application emitted since the last {@link clearEmitted} or {@link reset}, in order, with what was rejected. */
  emitted<C extends string>(
    channel?: C,
    matcher?: Matcher<DataOf<C>, RecordedEmit<DataOf<C>>>,
  ): readonly RecordedEmit<DataOf<C>>[] {
    return this.recorder.find(channel, matcher) as RecordedEmit<DataOf<C>>[];
  }

  /** The first such emit, once there is one: for what the application does in the background. @throws with what it emitted instead */
  async expectEmitted<C extends string>(
    channel: C,
    matcher?: Matcher<DataOf<C>, RecordedEmit<DataOf<C>>>,
  ): Promise<RecordedEmit<DataOf<C>>> {
    return (await this.recorder.expect(channel, matcher, this.patienceMs)) as RecordedEmit<DataOf<C>>;
  }

  /** Forgets what was emitted so far. */
  clearEmitted(): void {
    this.recorder.clear();
  }

  /**
   * The broker is away, as Redis may be: `emit` waits until its `timeoutMs` and is then rejected, what is not at hand cannot
   * be subscribed to, readiness says no; connections stay.
   */
  brokerDown(): void {
    this.outage.begin();
  }

  /** It is back: what waits is published, in order. */
  brokerUp(): void {
    this.outage.end();
  }

  /** Between two tests: disconnects the clients, forgets what was emitted, and brings the broker back. The time stays. */
  async reset(): Promise<void> {
    this.brokerUp();
    const clients = this.clients;
    this.clients = [];
    for (const client of clients) client.dropConnection();
    const isKnown = ({ connectionId }: TestClient): boolean =>
      connectionId !== undefined && this.registry.get(connectionId) !== undefined;
    await soon(() => !clients.some(isKnown), this.patienceMs);
    this.clearEmitted();
  }

  /**
   * Who may subscribe to what, policies included.
   * @param users by a name for the table; `null` stands for a connection without a token
   * @param channels @default every channel that is registered by a name; of a pattern, give names that fit it
   */
  async policyMatrix(
    users: Readonly<Record<string, TestUser | null>>,
    channels: readonly string[] = this.channelNames(),
  ): Promise<PolicyMatrix> {
    const auth = this.app.get(AuthService, { strict: false });
    const policy = this.app.get(ChannelPolicyService, { strict: false });
    const principals = new Map<string, Principal | null>();
    for (const [name, user] of Object.entries(users)) {
      principals.set(name, user === null ? null : await auth.verify(this.tokenFor(user)));
    }
    const matrix: PolicyMatrix = {};
    for (const channel of channels) {
      matrix[channel] = {};
      for (const [name, principal] of principals) {
        matrix[channel][name] = (await policy.explain(principal, channel)).verdict;
      }
    }
    return matrix;
  }

  private channelNames(): string[] {
    const catalogue = this.app.get(ChannelCatalogue, { strict: false });
    return [...catalogue.list()].map(([name]) => name).toSorted();
  }

  /** Ends every client that was connected, and the application. */
  async close(): Promise<void> {
    await this.reset();
    await this.app.close();
  }
}
