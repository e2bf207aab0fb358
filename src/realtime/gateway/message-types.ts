import { REQUEST_TYPES } from '../../protocol/index.js';
import type { Connection, MessageHandler } from '../connections/connection.js';
import { SafeLogger } from '../observability/safe-logger.js';

/**
 * Adds a message type of the application, from `@SubscribeMessage` of a gateway on the same path.
 * `{"type":"rename","data":…,"ref":…}` calls the handler with `data` (without `data`, with the frame's other fields). Its
 * result is answered as `{"type":"rename","data":…}`, a `WsResponse` as its `event` and `data`.
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

const logger = new SafeLogger('Realtime');
const complained = new Set<string>();
