import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ClusterSeal } from '../auth/cluster-seal.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { Broker, type HistoryWindow } from '../broker/broker.js';
import { InstanceDirectory } from './instances/instance-directory.js';
import type { InstanceReport } from './instances/instance-report.js';
import { InstanceReports } from './instances/instance-reports.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { decode, encode, type Schema } from '../schemas/schema.js';
import { coalesced } from '../timing/coalesced.js';
import { retry } from '../timing/retry.js';
import { ClusterBus, type Answers, type MessageKind, type QuestionHandler, type QuestionKind } from './cluster-bus.js';
import { sentAnswerSchema, sentMessage, sentQuestion, type SentQuestion } from './envelopes.js';
import { PendingAnswers } from './pending-answers.js';
import { QuestionLog } from './question-log.js';

/** Time limits for sending a message, a question with a log, and an answer, in milliseconds. */
const MESSAGE_MS = 1_000;
const LOGGED_MS = 10_000;
const ANSWER_MS = 2_000;
/** Delay before the log is read again after the broker did not answer, in milliseconds. */
const RETRY_MS = 500;

/** The topic on which an instance receives the answers to its questions. */
const answerTopicOf = (instance: string): string => `$answers-${instance}`;

/** The cluster bus over the broker: a message is an event of a channel that no client can name. */
@Injectable()
export class BrokerClusterBus extends ClusterBus implements OnApplicationShutdown {
  known: ReadonlyMap<string, InstanceReport> = new Map();
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  /** Questions of this instance that wait for answers, by id. */
  private readonly pending = new Map<string, PendingAnswers<unknown>>();
  private receivesAnswers: Promise<void> | null = null;
  private ended = false;

  constructor(
    private readonly broker: Broker,
    private readonly bridge: RedisBridge,
    private readonly directory: InstanceDirectory,
    private readonly instances: InstanceReports,
    private readonly seal: ClusterSeal,
  ) {
    super();
  }

  override get instanceId(): string {
    return this.directory.id;
  }

  override get isAlone(): boolean {
    return this.directory.isAlone;
  }

  override get isReachable(): boolean {
    return this.bridge.status.up;
  }

  onApplicationShutdown(): void {
    this.ended = true;
  }

  override async broadcast<Message>({ topic, message: schema }: MessageKind<Message>, message: Message): Promise<void> {
    await this.publish(topic, sentMessage(schema), { from: this.instanceId, message }, null, MESSAGE_MS);
  }

  override listen<Message>(
    { topic, message: schema }: MessageKind<Message>,
    listener: (message: Message, from: string) => void,
  ): Promise<void> {
    const envelope = sentMessage(schema);
    return this.bridge.follow(topic, null, {
      take: (body) => {
        const { message, from } = this.open(topic, envelope, body);
        listener(message, from);
      },
      reset: () => undefined,
    });
  }

  override async ask<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    question: Question,
    withinMs: number,
  ): Promise<Answers<Answer>> {
    const { topic, log = null } = kind;
    const sent = { from: this.instanceId, id: randomUUID(), at: Date.now(), message: question };
    const schema = kind.answerTo(question);
    const pending = new PendingAnswers<Answer>((value) => schema.read(value, 'the answer'));
    // Before the question is sent, because an answer can arrive before `publish` resolves.
    this.pending.set(sent.id, pending);
    try {
      await this.publish(topic, sentQuestion(kind.message), sent, log, log === null ? withinMs : LOGGED_MS);
      const { instances, listeners } = await this.audience(topic);
      const { answers } = pending;
      const isComplete = (): boolean =>
        answers.size >= listeners && (log === null || instances.every((instance) => answers.has(instance)));
      await pending.collect(isComplete, withinMs);
      const missing = instances.filter((instance) => !answers.has(instance));
      const isUncertain = listeners === Infinity;
      return { answers, missing, unknown: isUncertain ? 1 : Math.max(0, listeners - answers.size - missing.length) };
    } finally {
      this.pending.delete(sent.id);
    }
  }

  override async answer<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    handler: QuestionHandler<Question, Answer>,
  ): Promise<void> {
    const { topic, log = null } = kind;
    const answered = log === null ? null : new QuestionLog(log);
    const envelope = sentQuestion(kind.message);
    const take = async (body: string, isLogged = false): Promise<void> => {
      const sent = this.open(topic, envelope, body);
      if (answered !== null && !answered.take(sent, isLogged)) return;
      await this.reply(kind, sent, await handler.answer(sent.message));
    };
    const readLog = safely(
      'Reading the log of a question',
      coalesced(() => this.eachLogged(topic, log, (body) => take(body, true))),
    );
    this.receivesAnswers ??= this.receiveAnswers();
    await Promise.all([
      this.receivesAnswers,
      this.bridge.follow(topic, log, {
        take: (body) => take(body),
        reset: () => {
          handler.missed?.();
          // After a loss, the log already contains the first question of the new epoch.
          readLog();
        },
      }),
    ]);
    if (answered !== null)
      await this.eachLogged(topic, log, (body) => answered.addPast(this.open(topic, envelope, body)));
  }

  private receiveAnswers(): Promise<void> {
    const topic = answerTopicOf(this.instanceId);
    return this.bridge.follow(topic, null, {
      take: (body) => {
        const { id, from, answer } = this.open(topic, sentAnswerSchema, body);
        this.pending.get(id)?.receive(from, answer);
      },
      reset: () => undefined,
    });
  }

  private async reply<Question, Answer>(
    kind: QuestionKind<Question, Answer>,
    { id, from, message }: SentQuestion<Question>,
    answer: Answer,
  ): Promise<void> {
    if (from === this.instanceId) return this.pending.get(id)?.add(from, answer);
    const written = kind.answerTo(message).write(answer, 'the answer');
    const sent = { id, from: this.instanceId, answer: written };
    // If the answer gets lost, the instance that asked reports this one as missing.
    await this.publish(answerTopicOf(from), sentAnswerSchema, sent, null, ANSWER_MS).catch(() => undefined);
  }

  /** Reads who has to answer, after the question was sent, so that every running instance that received it is included. */
  private async audience(topic: string): Promise<{ instances: readonly string[]; listeners: number }> {
    const { directory, instances, broker, instanceId } = this;
    if (directory.isAlone) return { instances: [instanceId], listeners: 1 };
    try {
      const [reports, listeners] = await Promise.all([instances.all(), broker.listeners(topic)]);
      // If this instance is missing in the directory, the directory has lost its data. Instances that were known before still
      // count.
      if (reports.has(instanceId)) this.known = reports;
      return { instances: [...new Set([instanceId, ...reports.keys(), ...this.known.keys()])], listeners };
    } catch {
      // The question was sent before the broker became unavailable. It is unknown which instances received it.
      return { instances: [instanceId], listeners: Infinity };
    }
  }

  /** Calls back with each entry of a log. Retries until the broker answers, or this instance shuts down. */
  private async eachLogged(
    topic: string,
    log: HistoryWindow | null,
    callback: (body: string) => void | Promise<void>,
  ): Promise<void> {
    const read = (): ReturnType<Broker['latest']> => this.broker.latest(topic, log?.size ?? 0);
    const entries = await retry(read, RETRY_MS, () => this.ended);
    for (const { body } of entries ?? []) {
      try {
        await callback(body);
      } catch (error) {
        this.log.warn('skipped', () => `An entry in the log ${topic} was skipped: ${String(error)}`);
      }
    }
  }

  /** @throws Error if no instance of this cluster sent it */
  private open<T>(topic: string, schema: Schema<T>, body: string): T {
    return decode(schema, this.seal.open(topic, body));
  }

  private async publish<T>(
    topic: string,
    schema: Schema<T>,
    sent: T,
    history: HistoryWindow | null,
    timeoutMs: number,
  ): Promise<void> {
    await this.broker.publish({ topic, body: this.seal.seal(topic, encode(schema, sent)), history, timeoutMs });
  }
}
