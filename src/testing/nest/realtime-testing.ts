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
  GuestTickets,
  RealtimeClock,
  ResolvedRealtimeOptions,
  type GuestTicketOptions,
  type Principal,
} from '../../realtime/index.js';
import { BrokerOutage } from './broker-outage.js';
import { EmitRecorder, type RecordedEmit } from './emit-recorder.js';
import type { DataOf, Matcher } from './matcher.js';
import { soon } from './signal.js';
import { TestClient } from './test-client.js';
import { TestClock } from './test-clock.js';
import { tokenFor, type TestUser } from './test-token.js';

/** Channel → name of a user → result of `subscribe`. Plain data, for snapshots of any test runner. */
export type PolicyMatrix = Record<string, Record<string, 'granted' | 'forbidden' | 'unknown_channel' | 'unavailable'>>;

/**
 * Time that an expectation waits, in milliseconds. It is below the test timeout of Jest and Vitest, which would hide
 * the failure message.
 */
const PATIENCE_MS = 2_000;

/** Lifetime of a share link of {@link RealtimeTesting.connectAsGuest}, in milliseconds. */
const GUEST_TTL_MS = 600_000;

/** Test clients and expectations for a running application, over real sockets on a free port. */
export class RealtimeTesting {
  /** The application's clock, for tokens and heartbeats. */
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
    // A busy machine must not reject the clients of a test.
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
   * @param app an application with `RealtimeModule` or `RealtimeTestingModule`; starts listening if it does not yet
   * @param patienceMs time that an expectation waits for its frame, in milliseconds. @default 2000
   */
  static async of(app: INestApplication, { patienceMs = PATIENCE_MS } = {}): Promise<RealtimeTesting> {
    const realtime = new RealtimeTesting(app, patienceMs); // before `listen`, so that emits at startup are recorded too
    if (!(app.getHttpServer() as Server).listening) await app.listen(0, '127.0.0.1');
    return realtime;
  }

  /** Returns a provider of the application, from any module. */
  get<T>(provider: Type<T> | Abstract<T>): T {
    return this.app.get(provider, { strict: false });
  }

  /** HTTP address of the application: `http://127.0.0.1:49152`. */
  get origin(): string {
    const { port } = (this.app.getHttpServer() as Server).address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** WebSocket address for clients. */
  get url(): string {
    return this.origin.replace('http', 'ws') + this.options.path;
  }

  /** Connects as a user and waits for `connected`. */
  async connectAs(user: TestUser): Promise<TestClient> {
    return this.connect({ token: this.tokenFor(user) });
  }

  /** Connects as a guest of a new share link (`GuestTickets.issue`) and waits for `connected`. */
  async connectAsGuest(link: Partial<GuestTicketOptions> & Pick<GuestTicketOptions, 'channels'>): Promise<TestClient> {
    const { ticket } = await this.get(GuestTickets).issue({ ttlMs: GUEST_TTL_MS, name: 'test', ...link });
    return this.connect({ token: ticket });
  }

  /** Connects with a given token, or anonymously, and waits for `connected`. */
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

  /** Creates a token that the application accepts, for REST calls or `auth`. */
  tokenFor(user: TestUser): string {
    return tokenFor(user, this.options, this.time.wall());
  }

  /** Returns all emits since the last {@link clearEmitted} or {@link reset}, in order, including rejected ones. */
  emitted<C extends string>(
    channel?: C,
    matcher?: Matcher<DataOf<C>, RecordedEmit<DataOf<C>>>,
  ): readonly RecordedEmit<DataOf<C>>[] {
    return this.recorder.find(channel, matcher) as RecordedEmit<DataOf<C>>[];
  }

  /**
   * Waits for the first matching emit, for work that the application does in the background. @throws with the list of
   * emits
   */
  async expectEmitted<C extends string>(
    channel: C,
    matcher?: Matcher<DataOf<C>, RecordedEmit<DataOf<C>>>,
  ): Promise<RecordedEmit<DataOf<C>>> {
    return (await this.recorder.expect(channel, matcher, this.patienceMs)) as RecordedEmit<DataOf<C>>;
  }

  /** Clears the recorded emits. */
  clearEmitted(): void {
    this.recorder.clear();
  }

  /**
   * Simulates an outage of the broker, such as Redis. `emit` waits until its `timeoutMs` and is then rejected,
   * subscriptions that need the broker fail, and readiness reports an error. Connections stay open.
   */
  brokerDown(): void {
    this.outage.begin();
  }

  /** Ends the outage: waiting events are published in order. */
  brokerUp(): void {
    this.outage.end();
  }

  /**
   * Resets between two tests: disconnects the clients, clears the recorded emits, and ends an outage. The clock keeps
   * its time.
   */
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
   * Evaluates which user can subscribe to which channel, policies included.
   * @param users users by a name for the table; `null` stands for a connection without a token
   * @param channels channels to check; for a pattern, pass names that match it. @default every channel that is
   *   registered by name
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

  /** Disconnects all clients and closes the application. */
  async close(): Promise<void> {
    await this.reset();
    await this.app.close();
  }
}
