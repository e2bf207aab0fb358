import type { LanguageModel, UIMessage } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';

type Generated = Awaited<ReturnType<MockLanguageModelV3['doStream']>>['stream'];
type Part = Generated extends ReadableStream<infer P> ? P : never;

/** Messages of the chats. */
const stored = new Map<string, UIMessage[]>();

/** The database of the page: each chat belongs to its user. */
export const chats = {
  load: (userId: string, chatId: string): Promise<UIMessage[]> =>
    Promise.resolve(stored.get(`${userId} ${chatId}`) ?? []),
  save: (userId: string, chatId: string, messages: UIMessage[]): Promise<void> => {
    stored.set(`${userId} ${chatId}`, structuredClone(messages));
    return Promise.resolve();
  },
};

/** One answer that the model is generating. */
export class Generation {
  private controller!: ReadableStreamDefaultController<Part>;
  readonly stream: Generated;

  /** @param signal aborted when the answer is cancelled */
  constructor(
    readonly prompt: string,
    readonly signal: AbortSignal | undefined,
  ) {
    this.stream = new ReadableStream({ start: (controller) => void (this.controller = controller) });
    signal?.addEventListener('abort', () => this.controller.error(signal.reason));
    this.add({ type: 'stream-start', warnings: [] }, { type: 'text-start', id: '1' });
  }

  say(delta: string): void {
    this.add({ type: 'text-delta', id: '1', delta });
  }

  fail(error: Error): void {
    this.add({ type: 'error', error });
    this.controller.close();
  }

  finish(): void {
    const none = { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0, text: 0, reasoning: 0 };
    this.add(
      { type: 'text-end', id: '1' },
      {
        type: 'finish',
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: { inputTokens: none, outputTokens: none },
      },
    );
    this.controller.close();
  }

  private add(...parts: Part[]): void {
    for (const part of parts) this.controller.enqueue(part);
  }
}

/** Answers in the order in which they were asked for. */
export const generations: Generation[] = [];

/** A model whose answers the test writes. */
export const model: LanguageModel = new MockLanguageModelV3({
  doStream: ({ prompt, abortSignal }) => {
    const generation = new Generation(JSON.stringify(prompt.at(-1)?.content), abortSignal);
    generations.push(generation);
    return Promise.resolve({ stream: generation.stream });
  },
});
