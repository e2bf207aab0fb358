import { fromEvent, takeUntil } from 'rxjs';
import { REQUEST_TYPES, type ForeignFrame } from '../../protocol/index.js';
import type { Connection, MessageHandler } from '../connections/connection.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { sendError } from './send-error.js';

/**
 * Message types of the application's own, from `@SubscribeMessage` of a gateway on the same path.
 * `{"type":"rename","data":…,"ref":…}` calls the handler with `data` (or, where there is none, with the frame's other
 * fields); what it returns is answered as `{"type":"rename","data":…}`, a `WsResponse` as its `event` and `data`.
 */
export function addMessageType(connection: Connection, type: string, handler: MessageHandler): void {
  if ((REQUEST_TYPES as readonly string[]).includes(type)) {
    if (!complained.has(type))
      logger.error(`@SubscribeMessage('${type}') is never called: the protocol has a message of this type`);
    complained.add(type);
    return;
  }
  (connection.messageTypes ??= new Map()).set(type, handler);
}

/**
 * Carries out one message of the application's own; resolves with its first answer. A handler may go on answering for as
 * long as the connection lives, and the frames after it do not wait for that.
 */
export async function handleMessage(connection: Connection, { type, fields, ref }: ForeignFrame): Promise<void> {
  const { type: _type, ref: _ref, data, ...others } = fields;
  const handler = connection.messageTypes!.get(type)!;
  connection.currentRef = ref;
  await new Promise<void>((resolve) => {
    const answers = handler(data === undefined ? others : data);
    answers.pipe(takeUntil(fromEvent(connection.socket, 'close'))).subscribe({
      next: (value) => {
        answer(connection, type, value, ref);
        resolve();
      },
      error: (error: unknown) => {
        sendError(connection, error, { ref });
        resolve();
      },
      complete: resolve,
    });
  });
  connection.currentRef = undefined;
}

function answer(connection: Connection, type: string, value: unknown, ref: string | undefined): void {
  if (value === undefined || value === null) return;
  const { event, data } = value as { event?: unknown; data?: unknown };
  try {
    if (typeof event === 'string') connection.sendMessage(event, data, ref);
    else connection.sendMessage(type, value, ref);
  } catch (error) {
    sendError(connection, error, { ref }); // it cannot be turned into JSON
  }
}

const logger = new SafeLogger('Realtime');
const complained = new Set<string>();
