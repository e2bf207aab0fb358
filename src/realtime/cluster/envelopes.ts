import { integer, json, record, refine, string, type Schema } from '../schemas/schema.js';

const id = string({ min: 1, max: 64 });

/** A message in transit. `from` is the id of the instance that sent it. */
export interface SentMessage<Message> {
  readonly from: string;
  readonly message: Message;
}

/** A question in transit. */
export interface SentQuestion<Question> extends SentMessage<Question> {
  readonly id: string;
  /** Time of sending, in milliseconds since 1970. */
  readonly at: number;
}

/** An answer in transit. The schema of `answer` follows from the question with the same id. */
export interface SentAnswer {
  readonly id: string;
  readonly from: string;
  readonly answer: unknown;
}

export function sentMessage<Message>(message: Schema<Message>): Schema<SentMessage<Message>> {
  return record<SentMessage<unknown>>({ from: id, message }) as Schema<SentMessage<Message>>;
}

export function sentQuestion<Question>(message: Schema<Question>): Schema<SentQuestion<Question>> {
  return record<SentQuestion<unknown>>({ from: id, id, at: integer(), message }) as Schema<SentQuestion<Question>>;
}

export const sentAnswerSchema: Schema<SentAnswer> = record<SentAnswer>({
  ...{ id, from: id },
  answer: refine(json, 'given', (answer) => answer !== undefined),
});
