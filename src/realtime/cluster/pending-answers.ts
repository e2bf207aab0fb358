import { withTimeout } from '../timing/with-timeout.js';

/** Answers to one question, by instance. */
export class PendingAnswers<Answer> {
  readonly answers = new Map<string, Answer>();
  private onAnswer: () => void = () => undefined;

  /** @param read validates an answer that was received */
  constructor(private readonly read: (value: unknown) => Answer) {}

  /** @throws SchemaError */
  receive(from: string, value: unknown): void {
    this.add(from, this.read(value));
  }

  add(from: string, answer: Answer): void {
    this.answers.set(from, answer);
    this.onAnswer();
  }

  /** Resolves when the answers are complete, or after the time limit. */
  async collect(isComplete: () => boolean, withinMs: number): Promise<void> {
    if (isComplete()) return;
    const complete = new Promise<void>((resolve) => {
      this.onAnswer = () => void (isComplete() && resolve());
    });
    await withTimeout(complete, withinMs, () => undefined);
  }
}
