import type { ChatTransport, UIMessage } from 'ai';
import type { RealtimeClient } from '../client/index.js';
import { openStream, type RealtimeStream, type StreamSnapshot } from '../client/streams/index.js';
import { chunksOf } from './chunks.js';

/** Messages of a chat that need an answer: the arguments of `sendMessages` of the AI SDK. */
export type ChatRequest<Message extends UIMessage = UIMessage> = Parameters<ChatTransport<Message>['sendMessages']>[0];

export interface ChatTransportOptions<Message extends UIMessage = UIMessage> {
  /** Returns the channel of a chat: a stream of JSON lines, which the server reopens for each answer. */
  readonly channel: (chatId: string) => string;
  /**
   * Asks the server for an answer, by a command or by HTTP. Resolves once the server has opened the stream: the transport
   * then reads it from its beginning.
   */
  readonly send: (request: ChatRequest<Message>) => Promise<unknown>;
}

/**
 * Returns a transport for `useChat`. The answer continues on the server while the page is closed or reloads; `resume` of
 * `useChat` shows it from its beginning. `stop` cancels it on the server, also after a reload.
 *
 *     const transport = realtimeChatTransport(client, {
 *       channel: (chatId) => `chats:${chatId}:answer`,
 *       send: ({ chatId, messages }) => call(client, 'chats.answer', { chatId, messages }),
 *     });
 *     const { messages, sendMessage, stop } = useChat({ id, transport, resume: true });
 *
 * Needs version 6 of the package `ai`.
 */
export function realtimeChatTransport<Message extends UIMessage = UIMessage, E extends object = object>(
  client: RealtimeClient<E>,
  { channel, send }: ChatTransportOptions<Message>,
): ChatTransport<Message> {
  // chat → its last request. An older one that is aborted was replaced, and must not cancel the answer.
  const latest = new Map<string, object>();

  const begin = (chatId: string): object => {
    const own = {};
    latest.set(chatId, own);
    return own;
  };
  const cancelOf = (stream: RealtimeStream, chatId: string, own: object) => async (): Promise<void> => {
    await Promise.resolve(); // a request that replaces this one begins in the same step
    if (latest.get(chatId) === own) await stream.cancel();
  };

  return {
    resumeStreamIsReplay: true,
    async sendMessages(request) {
      const { chatId, abortSignal } = request;
      const own = begin(chatId);
      await send(request);
      const stream = openStream(client, channel(chatId));
      return chunksOf(stream, abortSignal, cancelOf(stream, chatId, own));
    },
    async reconnectToStream({ chatId, abortSignal }) {
      const own = begin(chatId);
      const stream = openStream(client, channel(chatId));
      const cancel = cancelOf(stream, chatId, own);
      const { state, isEnding } = await answered(stream, abortSignal, cancel);
      if (state === 'open' && !isEnding) return chunksOf(stream, abortSignal, cancel);
      stream.close();
      return null;
    },
  };
}

/** Waits for the answer of the server. Rejects if the signal is aborted meanwhile. */
function answered(
  stream: RealtimeStream,
  signal: AbortSignal | undefined,
  cancel: () => Promise<void>,
): Promise<StreamSnapshot> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      stop();
      reject(signal?.reason as Error);
      const close = (): void => stream.close();
      cancel().then(close, close);
    };
    const look = (): void => {
      const snapshot = stream.getSnapshot();
      if (snapshot.state === 'loading') return;
      stop();
      signal?.removeEventListener('abort', abort);
      resolve(snapshot);
    };
    const stop = stream.subscribe(look);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    else look();
  });
}
