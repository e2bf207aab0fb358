import { Injectable, Scope } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import { throwError, type Observable } from 'rxjs';
import type { Connection } from '../../src/realtime/index.js';
import type { CloseName } from '../../src/protocol/index.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { RealtimeApp } from './support/realtime-app.js';

const boom = (): never => {
  throw new Error('of the test');
};

@WebSocketGateway({ path: '/ws' })
class ThrowingGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  afterInit(): void {
    boom();
  }
  handleConnection(): void {
    boom();
  }
  handleDisconnect(): void {
    boom();
  }
}

@WebSocketGateway({ path: '/ws' })
class RejectingGateway implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect {
  async afterInit(): Promise<void> {
    await Promise.reject(new Error('of the test'));
  }
  handleConnection = async (): Promise<void> => {
    await Promise.reject(new Error('of the test'));
  };
  async handleDisconnect(): Promise<void> {
    await Promise.reject(new Error('of the test'));
  }
}

@WebSocketGateway({ path: '/ws' })
class ObservableGateway implements OnGatewayConnection {
  handleConnection(): Observable<never> {
    return throwError(() => new Error('of the test'));
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {}

@WebSocketGateway({ path: '/ws' })
class ScopedGateway implements OnGatewayConnection, OnGatewayDisconnect {
  constructor(readonly dependency: PerRequest) {}
  async handleConnection(): Promise<void> {
    await Promise.reject(new Error('of the test'));
  }
  handleDisconnect(): void {
    boom();
  }
}

@WebSocketGateway({ path: '/ws' })
class FrozenGateway implements OnGatewayConnection {
  constructor() {
    Object.freeze(this);
  }
  handleConnection(): void {
    boom();
  }
}

@WebSocketGateway({ path: '/ws' })
class GetterGateway {
  readonly #boom = boom;
  get handleConnection(): () => void {
    return this.#boom;
  }
}

/** Closes connections of users in CLOSES, as gateways on `ws` do. */
@WebSocketGateway({ path: '/ws' })
class ClosingGateway implements OnGatewayConnection {
  handleConnection(client: Connection): void {
    const { userId } = client.principal!.user;
    if (userId in CLOSES) CLOSES[userId]!(client);
  }
}

const CLOSES: Readonly<Record<string, (client: Connection) => void>> = {
  'no code': (client) => client.close(),
  'a code': (client) => client.close(4001, 'not today'),
  'a name': (client) => client.close('accessRevoked'),
  'an unknown code': (client) => client.close(999),
  'an unknown name': (client) => client.close('nope' as CloseName),
  'a long text': (client) => client.close(4000, 'x'.repeat(124)),
};

/** Records the arguments of the hooks. */
@WebSocketGateway({ path: '/ws' })
class GoodGateway implements OnGatewayConnection {
  readonly connected: unknown[] = [];
  handleConnection(client: unknown): void {
    this.connected.push(client);
  }
}

describe('a gateway of the application on the path of the module', () => {
  let app: RealtimeApp;
  beforeAll(async () => {
    const gateways = [
      ClosingGateway,
      ThrowingGateway,
      RejectingGateway,
      ObservableGateway,
      ScopedGateway,
      FrozenGateway,
      GetterGateway,
    ];
    app = await RealtimeApp.start({}, { providers: [...gateways, GoodGateway, PerRequest] });
  });
  afterAll(() => app.close());

  it('can fail in every hook: the error is logged, the connection stays, and other hooks are called', async () => {
    const client = await app.connectAs({ sub: 'u1' });
    expect((await client.ask({ type: 'ping' })).type).toBe('pong');
    const gone = app.gone('u1');
    await client.close();
    await gone;
    const next = await app.connectAs({ sub: 'u2' });
    expect((await next.ask({ type: 'ping' })).type).toBe('pong');
    await next.close();
    expect(app.app.get(GoodGateway).connected).toHaveLength(2);
    for (const hook of [
      ...['ThrowingGateway.afterInit', 'ThrowingGateway.handleConnection', 'ThrowingGateway.handleDisconnect'],
      ...['RejectingGateway.afterInit', 'RejectingGateway.handleConnection', 'RejectingGateway.handleDisconnect'],
      ...['ScopedGateway.handleConnection', 'ScopedGateway.handleDisconnect'],
    ]) {
      expect(app.log.lines).toContainEqual(expect.stringContaining(`error: ${hook} failed`));
    }
  });

  it.each([
    ['no code', { code: 1000, reason: '' }],
    ['a code', { code: 4001, reason: 'not today' }],
    ['a name', { code: 4403, reason: 'access was revoked' }],
  ])('can close a connection at once with %s', async (sub, closed) => {
    const client = await app.connect({ token: signToken({ sub }) });
    expect(await client.closed).toEqual(closed);
    await until(() => [...app.registry.ofUser(sub)].length === 0);
  });

  it.each(['an unknown code', 'an unknown name', 'a long text'])(
    'cannot close with %s: the connection stays',
    async (sub) => {
      const client = await app.connectAs({ sub });
      expect((await client.ask({ type: 'ping' })).type).toBe('pong');
      await client.close();
    },
  );
});
