import type { INestApplication } from '@nestjs/common';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthService, ChannelPolicyService, ResolvedRealtimeOptions, type Principal } from '../../realtime/index.js';
import { TestClient } from './test-client.js';
import { tokenFor, type TestUser } from './test-token.js';

/** Channel → name of a user → what a `subscribe` is answered. Plain data, for the snapshot of any test runner. */
export type PolicyMatrix = Record<string, Record<string, 'granted' | 'forbidden' | 'unknown_channel'>>;

/** How long an expectation waits, in milliseconds, unless said otherwise. */
const PATIENCE_MS = 5_000;

/** Clients and questions for a running application, over real sockets on a free port. */
export class RealtimeTesting {
  private readonly clients: TestClient[] = [];
  private readonly options: ResolvedRealtimeOptions;

  private constructor(
    private readonly app: INestApplication,
    private readonly patienceMs: number,
  ) {
    this.options = app.get(ResolvedRealtimeOptions, { strict: false });
  }

  /**
   * @param app imports `RealtimeModule` or `RealtimeTestingModule`; it is brought to listen where it does not yet
   * @param patienceMs how long an expectation waits for its frame. @default 5000
   */
  static async of(app: INestApplication, { patienceMs = PATIENCE_MS } = {}): Promise<RealtimeTesting> {
    if (!(app.getHttpServer() as Server).listening) await app.listen(0, '127.0.0.1');
    return new RealtimeTesting(app, patienceMs);
  }

  /** Where clients connect. */
  get url(): string {
    const { port } = (this.app.getHttpServer() as Server).address() as AddressInfo;
    return `ws://127.0.0.1:${port}${this.options.path}`;
  }

  /** Connects as a user, and takes `connected`. */
  async connectAs(user: TestUser): Promise<TestClient> {
    return this.connect({ token: tokenFor(user, this.options) });
  }

  /** Connects with a token of your own, or anonymously, and takes `connected`. */
  async connect({ token }: { readonly token?: string } = {}): Promise<TestClient> {
    const client = await TestClient.open(this.url, token, this.patienceMs);
    this.clients.push(client);
    await client.next('connected');
    return client;
  }

  /** A token that the application takes: for its REST, or to be sent with `auth`. */
  tokenFor(user: TestUser): string {
    return tokenFor(user, this.options);
  }

  /** Who may subscribe to what, policies included. @param users by a name for the table; `null` stands for a connection without a token */
  async policyMatrix(
    users: Readonly<Record<string, TestUser | null>>,
    channels: readonly string[],
  ): Promise<PolicyMatrix> {
    const auth = this.app.get(AuthService, { strict: false });
    const policy = this.app.get(ChannelPolicyService, { strict: false });
    const principals = new Map<string, Principal | null>();
    for (const [name, user] of Object.entries(users)) {
      principals.set(name, user === null ? null : await auth.verify(tokenFor(user, this.options)));
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

  /** Ends every client that was connected, and the application. */
  async close(): Promise<void> {
    for (const client of this.clients) client.dropConnection();
    await this.app.close();
  }
}
