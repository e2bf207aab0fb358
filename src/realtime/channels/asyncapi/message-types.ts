import type { ModulesContainer } from '@nestjs/core';
import { REQUEST_TYPES } from '../../../protocol/index.js';
import type { EventClass } from '../../options/channel-definition.js';
import {
  GATEWAY_OPTIONS,
  MESSAGE_MAPPING_METADATA,
  MESSAGE_METADATA,
  PARAM_ARGS_METADATA,
} from '../../nest/gateway-metadata.js';

/** A message type that the application adds with `@SubscribeMessage` of a gateway on the module's path. */
export interface MessageType {
  readonly type: string;
  /** JSON Schema type of a primitive payload, or its class; `null` for any JSON. */
  readonly data: EventClass | 'string' | 'number' | 'boolean' | null;
}

/** Name of Nest's parameter type of `@MessageBody()` in the keys of parameter metadata: `3:0`. */
const PAYLOAD = '3';

const PRIMITIVES = new Map<unknown, MessageType['data']>([
  [String, 'string'],
  [Number, 'number'],
  [Boolean, 'boolean'],
  [Object, null],
  [Array, null],
]);

/** Returns the message types of the application, sorted by name. The classes are read, not constructed. */
export function messageTypesOf(modules: ModulesContainer, path: string): MessageType[] {
  const types = new Map<string, MessageType>();
  for (const { providers } of modules.values()) {
    for (const { metatype, isNotMetatype } of providers.values()) {
      if (isNotMetatype || typeof metatype !== 'function') continue;
      const options = Reflect.getMetadata(GATEWAY_OPTIONS, metatype) as { path?: string } | undefined;
      if (options?.path !== path) continue;
      for (const found of messagesOf(metatype as EventClass)) types.set(found.type, found);
    }
  }
  const own = [...types.values()].filter(({ type }) => !(REQUEST_TYPES as readonly string[]).includes(type));
  return own.toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

function* messagesOf(gateway: EventClass): Iterable<MessageType> {
  for (
    let owner = gateway.prototype as object;
    owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object
  ) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      const method: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
      if (typeof method !== 'function' || Reflect.getMetadata(MESSAGE_MAPPING_METADATA, method) !== true) continue;
      const type: unknown = Reflect.getMetadata(MESSAGE_METADATA, method);
      if (typeof type === 'string') yield { type, data: payloadOf(gateway, owner, name) };
    }
  }
}

/** Without parameter decorators, Nest passes the client and then the payload. */
function payloadOf(gateway: EventClass, owner: object, name: string): MessageType['data'] {
  const args = Reflect.getMetadata(PARAM_ARGS_METADATA, gateway, name) as
    | Readonly<Record<string, { readonly index: number; readonly data?: unknown }>>
    | undefined;
  const body = Object.entries(args ?? {}).find(
    ([key, { data }]) => key.startsWith(`${PAYLOAD}:`) && data === undefined,
  );
  if (args !== undefined && body === undefined) return null;
  const classes = Reflect.getMetadata('design:paramtypes', owner, name) as readonly unknown[] | undefined;
  const type = classes?.[body?.[1].index ?? 1];
  if (PRIMITIVES.has(type)) return PRIMITIVES.get(type)!;
  return typeof type === 'function' ? (type as EventClass) : null;
}
