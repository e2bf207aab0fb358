import { REQUEST_TYPES } from '../../protocol/index.js';
import type { Connection, MessageHandler } from '../connections/connection.js';

/**
 * Adds a message type of the application, from `@SubscribeMessage` of a gateway on the same path.
 * `{"type":"rename","data":…,"ref":…}` calls the handler with `data`, or with the frame's other fields if there is no
 * `data`. The result is sent as `{"type":"rename","data":…}`, and a `WsResponse` as its `event` and `data`.
 * @returns false if the protocol has a message of this type, so that the handler is never called
 */
export function addMessageType(connection: Connection, type: string, handler: MessageHandler): boolean {
  if ((REQUEST_TYPES as readonly string[]).includes(type)) return false;
  (connection.messageTypes ??= new Map()).set(type, handler);
  return true;
}
