import type { ChatTransport, UIMessage } from 'ai';
import type { RealtimeClient } from '../client/index.js';
import { openStream, type RealtimeStream } from '../client/streams/index.js';
import { storeOf } from '../client/streams/stream-store.js';
import { chunksOf } from './chunks.js';
import { answerOf, endOf } from './waits.js';

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
 * Returns a transport for `useChat`. The answer continues on the server while the page is closed or reloads; `resumeStream` of
 * `useChat` shows it from its beginning. `stop` cancels it on the server, also after a reload.
 *
 *     const transport = realtimeChatTransport(client, {
 *       channel: (chatId) => `chats:${chatId}:answer`,
 *       send: ({ chatId, messages }) => call(client, 'chats.answer', { chatId, message: messages.at(-1) }),
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
  // chat → its answer that is being cancelled. The server opens no stream for another one before that has ended.
  const ending = new Map<string, Promise<void>>();

  const begin = (chatId: string): object => {
    const own = {};
    latest.set(chatId, own);
    return own;
  };
  const cancelOf = (stream: RealtimeStream, chatId: string, own: object) => async (): Promise<void> => {
    await Promise.resolve(); // a request that replaces this one begins in the same step
    if (latest.get(chatId) !== own) return;
    const ended = stream.cancel().then(
      () => endOf(stream),
      () => undefined, // the answer has ended meanwhile, or the user is not allowed to
    );
    ending.set(chatId, ended);
    await ended;
    if (ending.get(chatId) === ended) ending.delete(chatId);
  };

  return {
    resumeStreamIsReplay: true,
    async sendMessages(request) {
      const { chatId, abortSignal } = request;
      const own = begin(chatId);
      await ending.get(chatId);
      try {
        await send(request);
      } catch (error) {
        // The aborted request can have reached the server.
        const stream = abortSignal?.aborted && openStream(client, channel(chatId));
        if (stream) void cancelOf(stream, chatId, own)().then(() => stream.close());
        throw error;
      }
      // Another part of the page can still show the answer before this one.
      await storeOf(client, channel(chatId)).refresh();
      const stream = openStream(client, channel(chatId));
      return chunksOf(stream, abortSignal, cancelOf(stream, chatId, own));
    },
    async reconnectToStream({ chatId, abortSignal }) {
      const own = begin(chatId);
      const stream = openStream(client, channel(chatId));
      const cancel = cancelOf(stream, chatId, own);
      const { state, isEnding, error } = await answerOf(stream, abortSignal, cancel);
      if (state === 'open' && !isEnding) return chunksOf(stream, abortSignal, cancel);
      stream.close();
      if (error) throw error;
      return null;
    },
  };
}
