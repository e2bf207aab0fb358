import { RealtimeApp, type BootOptions, type TestOptions } from '../../realtime/support/realtime-app.js';
import { connect, WsClient, type FrameSocket } from '../../support/ws-client.js';
import { StreamRefused, StreamSocket } from './stream-socket.js';

/** Parameters of a client that connects. */
export interface Hello {
  readonly token?: string;
  /** Channels in the URL, separated by commas. */
  readonly channels?: string;
  readonly origin?: string;
}

/** A socket whose reading can be paused. */
export type PausableSocket = FrameSocket & { pause(): void; resume(): void };
export type Client = WsClient<PausableSocket>;

/** A transport, as the tests of behaviour use it. */
export interface TestedTransport {
  readonly name: string;
  /** Name of the transport for operators. */
  readonly kind: string;
  start(options?: TestOptions, boot?: BootOptions): Promise<RealtimeApp>;
  connect(app: RealtimeApp, hello?: Hello): Promise<Client>;
  /** Sends frames at once. */
  sendAll(client: Client, frames: readonly object[]): void;
  /** Connects a client that is refused. @returns the reason, in the same words for each transport */
  refusal(app: RealtimeApp, hello?: Hello): Promise<string>;
}

const webSocket: TestedTransport = {
  name: 'WebSocket',
  kind: 'websocket',
  start: (options, boot) => RealtimeApp.start(options, boot),
  connect: (app, { token, channels, origin } = {}) =>
    connect(channels === undefined ? app.url : `${app.url}?channels=${channels}`, {
      ...(token !== undefined && { token }),
      ...(origin !== undefined && { headers: { origin } }),
    }),
  sendAll(client, frames) {
    for (const frame of frames) client.send(frame);
  },
  async refusal(app, hello) {
    try {
      const client = await webSocket.connect(app, hello);
      const [{ code }] = [(await client.next('error')) as { code: string }];
      await client.whenClosed();
      return code;
    } catch (error) {
      const status = /Unexpected server response: (\d+)/.exec(String(error))?.[1];
      if (status === '403') return 'forbidden';
      throw error;
    }
  },
};

const CODES: Readonly<Record<number, string>> = { 403: 'forbidden', 429: 'too_many_connections' };

function streamOver(http: NonNullable<BootOptions['http']>): TestedTransport {
  const transport: TestedTransport = {
    name: `server-sent events (${http})`,
    kind: 'stream',
    start: (options, boot) => RealtimeApp.start(options, { http, ...boot }),
    connect: async (app, { token, channels, origin } = {}) =>
      new WsClient(
        await StreamSocket.open(app.http, {
          http2: http === 'http2',
          ...(token !== undefined && { token }),
          ...(channels !== undefined && { channels }),
          ...(origin !== undefined && { headers: { origin } }),
        }),
      ),
    sendAll: (client, frames) => client.send(frames),
    async refusal(app, hello) {
      const refused: unknown = await transport.connect(app, hello).then(
        () => null,
        (error: unknown) => error,
      );
      if (!(refused instanceof StreamRefused)) throw new Error('The stream was not refused', { cause: refused });
      const { message } = JSON.parse(refused.body) as { message: string };
      if (refused.status !== 401) return CODES[refused.status] ?? String(refused.status);
      return message.includes('expired') ? 'token_expired' : 'token_invalid';
    },
  };
  return transport;
}

export const TRANSPORTS: readonly TestedTransport[] = [
  webSocket,
  streamOver('express'),
  streamOver('fastify'),
  streamOver('http2'),
];
