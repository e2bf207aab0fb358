import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { AuthService } from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { encodeFrame, RawWebSocket, TEXT } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';

const path = `/ws?token=${signToken()}`;

/** Delays the AuthService, like one that looks up revoked sessions. */
class Gate {
  private open: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  private arrived: () => void = () => undefined;
  /** Resolves once a request waits. */
  readonly reached = new Promise<void>((resolve) => (this.arrived = resolve));

  constructor(app: RealtimeApp) {
    const auth = app.app.get(AuthService);
    const identify = auth.identifyClient.bind(auth);
    auth.identifyClient = async (request) => {
      this.arrived();
      await this.opened;
      return identify(request);
    };
  }

  letIn(): void {
    this.open();
  }
}

describe('while the identity of a client is not known yet', () => {
  let app: RealtimeApp;
  let gate: Gate;

  beforeEach(async () => {
    app = await RealtimeApp.start({ closeTimeoutMs: 2_000 });
  });
  afterEach(() => app.close());

  it('frames wait, and none is lost', async () => {
    gate = new Gate(app);
    const client = await TcpClient.connect(app.port);
    client.send(upgradeRequest({ path }));
    await gate.reached;
    for (let count = 0; count < 50; count += 1) {
      client.send(encodeFrame(TEXT, JSON.stringify({ type: 'ping', ref: `r${count};` })));
    }
    await new Promise(setImmediate);
    expect(client.text).toBe('');
    gate.letIn();
    await client.until('"r49;"');
    expect(client.text.match(/"type":"\w+"/g)).toEqual([
      '"type":"connected"',
      ...Array<string>(50).fill('"type":"pong"'),
    ]);
    client.destroy();
  });

  it('a reset ends only this connection', async () => {
    gate = new Gate(app);
    const accepted = once(app.app.getHttpServer() as Server, 'connection') as Promise<[Socket]>;
    const client = await TcpClient.connect(app.port);
    const [socket] = await accepted;
    client.send(upgradeRequest({ path }));
    await gate.reached;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    client.reset();
    await closed;
    gate.letIn();
    await new Promise(setImmediate);
    expect(app.registry.size).toBe(0);
    await (await app.connectAs()).fence();
  });

  it('a drain rejects it with 503, and does not wait for it forever', async () => {
    const mute = await RawWebSocket.connect(app.port, { path }); // delays the drain: it ignores the close
    await mute.until('connected');
    gate = new Gate(app);
    const late = await TcpClient.connect(app.port);
    late.send(upgradeRequest({ path }));
    await gate.reached;
    const ended = app.close();
    await mute.until('reconnect');
    gate.letIn();
    expect(await late.untilClosed()).toMatch(/^HTTP\/1\.1 503 /);
    await ended;
    mute.tcp.destroy();
  });
});
