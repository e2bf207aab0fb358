import { Injectable, Scope } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import { throwError, type Observable } from 'rxjs';
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

/** Keeps what the hooks are called with. */
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
    const gateways = [ThrowingGateway, RejectingGateway, ObservableGateway, ScopedGateway];
    app = await RealtimeApp.start({}, { providers: [...gateways, GoodGateway, PerRequest] });
  });
  afterAll(() => app.close());

  it('may fail in every hook: it is logged, the connection stays, and the hooks of the others are called', async () => {
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
});
