import { Controller, Get, Headers, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transport } from '../../src/realtime/connections/transport.js';
import { AuthService, ConnectionRegistry, RealtimeServer } from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { RealtimeApp } from './support/realtime-app.js';

/** Sends frames as lines of an HTTP response. The client sends its frames by POST. */
class LineTransport implements Transport {
  readonly kind = 'lines';
  readonly cursor = null;
  readonly isPaused = false;
  readonly hasPartialMessage = false;
  readonly sharedForm = 'wire';
  readonly frameWriter = null;
  code = 1006;

  constructor(private readonly response: ServerResponse) {}

  get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  get bufferedBytes(): number {
    return this.response.writableLength;
  }

  send(frame: string | Buffer, onSent?: () => void): void {
    if (this.isOpen) this.response.write(`${String(frame)}\n`, () => onSent?.());
    else onSent?.();
  }

  joinWrites(): void {}
  writeJoined(): void {}

  ping(): void {}
  pong(): void {}
  pause(): void {}
  resume(): void {}
  reconnectAfter(): void {}

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.code = code;
    this.response.end(`${JSON.stringify({ type: 'closed', code, reason })}\n`);
  }

  terminate(): void {
    this.response.destroy();
  }
}

@Controller('lines')
class LineController {
  constructor(
    private readonly auth: AuthService,
    private readonly server: RealtimeServer,
    private readonly registry: ConnectionRegistry,
  ) {}

  @Get()
  async open(@Req() request: IncomingMessage, @Res() response: ServerResponse): Promise<void> {
    const principal = await this.auth.identify(request);
    const transport = new LineTransport(response);
    const client = { address: request.socket.remoteAddress ?? '', countedAs: null };
    const { connections } = this.server;
    const connection = connections.open(transport, request, principal, client);
    response.on('close', () => connections.end(connection, transport.code));
  }

  @Post(':id')
  send(@Param('id') id: string, @Headers('x-frame') frame: string): void {
    const connection = this.registry.get(id);
    if (connection === undefined) throw new NotFoundException();
    this.server.connections.frames.message(connection, Buffer.from(frame), false);
  }
}

/** The frames of a stream, one after the other. */
async function* framesOf({ body }: Response): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split('\n');
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Readonly<Record<string, unknown>>;
  }
}

describe('a transport that is not WebSocket', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({}, { controllers: [LineController] });
  });
  afterAll(() => app.close());

  it('has subscriptions, events and close codes, and leaves nothing behind', async () => {
    const url = `http://127.0.0.1:${app.port}/lines`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${signToken({ sub: 'ann' })}` } });
    const frames = framesOf(response);
    const next = async (): Promise<unknown> => (await frames.next()).value;
    const connected = (await next()) as { connectionId: string };
    expect(connected).toMatchObject({ type: 'connected', user: { userId: 'ann' } });
    const frame = JSON.stringify({ type: 'subscribe', channel: 'apps:created', ref: 'r1' });
    await fetch(`${url}/${connected.connectionId}`, { method: 'POST', headers: { 'x-frame': frame } });
    expect(await next()).toMatchObject({ type: 'subscribed', channel: 'apps:created', ref: 'r1' });
    await app.events.emit('apps:created', { id: '1', name: 'shop' });
    expect(await next()).toMatchObject({ type: 'event', data: { id: '1', name: 'shop' } });
    const connection = app.registry.get(connected.connectionId)!;
    const ended = new Promise<number>((resolve) => app.server.onDisconnect(connection, resolve));
    connection.close('accessRevoked');
    expect(await next()).toEqual({ type: 'closed', code: 4403, reason: 'access was revoked' });
    expect(await frames.next()).toMatchObject({ done: true });
    expect([await ended, app.registry.size]).toEqual([4403, 0]);
  });
});
