import type { HistoryWindow } from '../broker/broker.js';
import type { InstanceReport } from './instances/instance-report.js';
import type { Schema } from '../schemas/schema.js';

/** A kind of message between instances. */
export interface MessageKind<Message> {
  /** The topic of these messages. It starts with `$`, so no client can name it. */
  readonly topic: string;
  readonly message: Schema<Message>;
}

/** A kind of question to all instances, with its answers. */
export interface QuestionKind<Question, Answer> extends MessageKind<Question> {
  /** Schema of the answer to this question. */
  answerTo(question: Question): Schema<Answer>;
  /** Keeps the questions, so that an instance that was cut off answers them when it is back. */
  readonly log?: HistoryWindow;
}

/** Answers questions on this instance. */
export interface QuestionHandler<Question, Answer> {
  answer(question: Question): Answer | Promise<Answer>;
  /**
   * Called if questions of a log may be lost: the broker lost the log, or this instance was cut off for longer than the log is
   * kept.
   */
  missed?(): void;
}

/** Answers of the instances, and the instances that did not answer. */
export interface Answers<Answer> {
  /** Answers by instance, including this one. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Ids of running instances that did not answer in time. */
  readonly missing: readonly string[];
  /** Number of other instances that did not answer: they listen, but are not in the directory (yet). */
  readonly unknown: number;
}

/**
 * The port through which instances send each other messages and questions.
 *
 * Guarantees:
 * - A body is the JSON of a schema, sealed with `clusterKeys` if there are any. A body that does not match is skipped and counted.
 * - A message or a question reaches each listening instance at most once.
 * - A question with a log reaches each running instance exactly once, if the instance is cut off for less time than the log is kept.
 *   An instance that starts later does not receive it.
 * - When `ask` resolves, each instance is in `answers`, in `missing`, or counted in `unknown`.
 *
 * Not guaranteed: an order between messages of different instances, or that a message without a log arrives.
 */
export abstract class ClusterBus {
  /** The id of this instance. */
  abstract readonly instanceId: string;

  /** True if there can be no other instance. */
  abstract readonly isAlone: boolean;

  /** True if other instances can be reached now. */
  abstract readonly isReachable: boolean;

  /** The last known reports of the running instances, by id. `ask` updates them. */
  abstract readonly known: ReadonlyMap<string, InstanceReport>;

  /** Sends a message to all listening instances, this one included. @throws RealtimeUnavailableError */
  abstract broadcast<Message>(kind: MessageKind<Message>, message: Message): Promise<void>;

  /** Receives the messages of a kind. There is one listener. Resolves once messages reach this instance. */
  abstract listen<Message>(
    kind: MessageKind<Message>,
    listener: (message: Message, from: string) => void,
  ): Promise<void>;

  /**
   * Sends a question to all instances. Resolves once all listening instances have answered, or after the time limit. A question with
   * a log also waits for running instances that are cut off.
   * @throws RealtimeUnavailableError if the question could not be sent
   */
  abstract ask<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    question: Question,
    withinMs: number,
  ): Promise<Answers<Answer>>;

  /** Answers the questions of a kind. There is one handler. Resolves once questions reach this instance. */
  abstract answer<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    handler: QuestionHandler<Question, Answer>,
  ): Promise<void>;
}
