import type { Observer } from 'rxjs';
import { ProtocolError, type CustomFrame } from '../../protocol/index.js';
import type { Connection } from '../connections/connection.js';
import { RunningMessage } from '../connections/running-message.js';
import { safely } from '../observability/run-safely.js';
import type { LimitOptions } from '../options/limit-options.js';
import { toJson } from '../publishing/event-json.js';
import { sendError } from './send-error.js';

/** Maximum size of unanswered messages of a connection, in multiples of `maxFrameBytes`. */
const UNANSWERED_FRAMES = 16;

type Limits = Pick<LimitOptions, 'maxRunningMessages' | 'messageTimeoutMs' | 'maxFrameBytes'>;

/**
 * Runs application messages concurrently with protocol frames. A handler must send its first answer within
 * `messageTimeoutMs`; after that it can send further answers while the connection is open.
 */
export class MessageRunner {
  constructor(private readonly limits: Limits) {}

  /** @throws ProtocolError if the connection has too many running messages */
  start(connection: Connection, { type, fields, ref }: CustomFrame, bytes: number): void {
    const running = (connection.runningMessages ??= new Set());
    this.checkLimits(running, bytes);
    const { type: _type, ref: _ref, data, ...others } = fields;
    const handler = connection.messageTypes!.get(type)!;
    const message = new RunningMessage(connection, type, ref, bytes);
    running.add(message);
    const onTimeout = safely('The time limit of an application message', () => {
      message.abandon();
      sendError(connection, timedOut(type, this.limits.messageTimeoutMs), { ref });
    });
    const timer = setTimeout(onTimeout, this.limits.messageTimeoutMs);
    message.ending.add(() => {
      clearTimeout(timer);
      running.delete(message);
    });
    // Subscribe inside `run` too: behind an interceptor, the subscription calls the handler.
    message.run(() => {
      const answers = handler(data === undefined ? others : data, message);
      message.ending.add(answers.subscribe(this.observerOf(connection, message, timer)));
    });
  }

  private observerOf(connection: Connection, message: RunningMessage, timer: NodeJS.Timeout): Observer<unknown> {
    return {
      next: (value) => {
        clearTimeout(timer);
        message.unansweredBytes = 0;
        answer(connection, message, value);
      },
      error: (error: unknown) => {
        message.end();
        sendError(connection, error, { ref: message.ref });
      },
      complete: () => message.end(),
    };
  }

  private checkLimits(running: ReadonlySet<RunningMessage>, bytes: number): void {
    const { maxRunningMessages, maxFrameBytes } = this.limits;
    let unanswered = bytes;
    for (const { unansweredBytes } of running) unanswered += unansweredBytes;
    if (running.size < maxRunningMessages && unanswered <= UNANSWERED_FRAMES * maxFrameBytes) return;
    throw new ProtocolError('rate_limited', {
      message: `Too many messages are running on this connection (${running.size}): wait for an answer`,
    });
  }
}

/** Ends all application messages of a connection and unsubscribes from their handlers. */
export function abandonMessages(connection: Connection): void {
  for (const message of connection.runningMessages ?? []) message.abandon();
}

function timedOut(type: string, ms: number): ProtocolError {
  return new ProtocolError('unavailable', {
    message: `No answer to "${type.slice(0, 100)}" within ${ms} ms: try again`,
  });
}

function answer(connection: Connection, { type, ref }: RunningMessage, value: unknown): void {
  if (value === undefined || value === null) return;
  try {
    const { event, ...fields } = value as { event?: unknown };
    const data = typeof event === 'string' ? dataOf(fields) : value;
    // Like `emit`, this rejects values that JSON would change silently, such as a Map.
    const json = data === undefined ? undefined : toJson(data);
    connection.sendMessage(typeof event === 'string' ? event : type, json, ref);
  } catch (error) {
    sendError(connection, error, { ref });
  }
}

/** Returns the data of a `WsResponse`. Without a field `data`, its other fields are the data. */
function dataOf(fields: Readonly<Record<string, unknown>>): unknown {
  if ('data' in fields) return fields['data'];
  return Object.keys(fields).length === 0 ? undefined : fields;
}
