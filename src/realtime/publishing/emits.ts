import { Inject } from '@nestjs/common';
import { isObservable } from 'rxjs';
import { userChannel, USER_GROUP, type RealtimeEvents } from '../../protocol/index.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { EventsPublisher } from './events-publisher.js';

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/** A method that returns, or resolves with, a value for an event. It emits nothing for `undefined` and `null`. */
export type EmittingMethod<R, A extends readonly unknown[]> = (
  ...args: [...A, ...never[]]
) => Awaitable<R | null | undefined | void>;

/** Decorates a method that returns `R`; `A` and `B` are the arguments that the options use. */
export type EmitsDecorator<R, A extends readonly unknown[] = [], B extends readonly unknown[] = []> = <
  M extends EmittingMethod<R, A> & EmittingMethod<R, B>,
>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/** A channel of the event map, or a pattern that it types. */
export type EmitsChannel = Extract<keyof RealtimeEvents, string>;

/** Values of the parameters of a channel, by name. */
export type ChannelParams = Readonly<Record<string, string | number | bigint>>;

/** Options of {@link Emits}. `R` is the result of the method, `A` and `B` its arguments, `D` the data of the channel. */
export interface EmitsOptions<R, A extends readonly unknown[], B extends readonly unknown[], D> {
  /** Returns the data of the event, or `null` for no event. @default the result */
  readonly data?: (result: R, ...args: A) => D | null | undefined;
  /** Returns the parameters of the channel. @default the fields of the data, then of the result, with these names */
  readonly params?: (result: R, ...args: B) => ChannelParams;
}

/** Key of the publisher in instances of classes with emitting methods. */
export const EMITS_PUBLISHER = Symbol('EventsPublisher of @Emits');

/** Metadata key of an emitting method: its channels. */
const CHANNELS = Symbol('channels of @Emits');

/**
 * Emits what a method returns, after the current transaction commits, as `events.afterCommit` does. It works on methods of
 * any provider or controller, with any scope. The caller gets the result unchanged.
 *
 *     @Emits('apps:created')
 *     async create(dto: CreateApp): Promise<App> { … }
 *
 *     @Emits('projects:{projectId}', { data: ({ id, title }: Task) => ({ id, title }) })
 *     async rename(taskId: string, title: string): Promise<Task> { … }
 *
 * A method that throws or rejects emits nothing, and neither does one that returns `undefined` or `null`. Data that the channel
 * refuses makes the call fail with an InvalidEventError, so that a transaction around it rolls back. Put it above decorators
 * that start a transaction.
 * @param channel a channel, or a pattern such as `projects:{projectId}` whose parameters are filled in. The application does not
 * start if the channel is not registered
 */
export function Emits<C extends EmitsChannel>(channel: C): EmitsDecorator<RealtimeEvents[C]>;
export function Emits<
  C extends EmitsChannel,
  R = RealtimeEvents[C],
  A extends readonly unknown[] = [],
  B extends readonly unknown[] = [],
>(channel: C, options: EmitsOptions<R, A, B, RealtimeEvents[C]>): EmitsDecorator<R, A, B>;
export function Emits(channel: string, options: EmitsOptions<never, [], [], unknown> = {}): EmitsDecorator<unknown> {
  return (target, name, descriptor) => {
    const original: unknown = descriptor.value;
    if (typeof target === 'function' || typeof original !== 'function') {
      throw new TypeError(`@Emits('${channel}') on ${String(name)}: decorate a method that is not static`);
    }
    Inject(EventsPublisher)(target, EMITS_PUBLISHER);
    const where = `@Emits('${channel}') on ${target.constructor.name}.${String(name)}`;
    const emitter = new ResultEmitter(where, channel, options as AnyOptions);
    const method = function (this: Emitting, ...args: unknown[]): unknown {
      const result: unknown = Reflect.apply(original, this, args);
      if (result instanceof Promise) {
        return result.then((value: unknown) => {
          emitter.emit(this, value, args);
          return value;
        });
      }
      emitter.emit(this, result, args);
      return result;
    };
    // Decorators below this one have set metadata on the original method, such as its route.
    for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
      Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), method);
    }
    Object.defineProperty(method, 'name', { value: original.name });
    Reflect.defineMetadata(CHANNELS, [...emitsOf(original), channel], method);
    descriptor.value = method as never;
  };
}

/** Returns the channels of an emitting method; an empty list for any other value. */
export function emitsOf(method: unknown): readonly string[] {
  if (typeof method !== 'function') return [];
  return (Reflect.getOwnMetadata(CHANNELS, method) as readonly string[] | undefined) ?? [];
}

/** An instance of a class with emitting methods. Nest injects the publisher. */
interface Emitting {
  readonly [EMITS_PUBLISHER]?: EventsPublisher;
}

/** The decorator checks the types already. */
type AnyEvents = RealtimeEvents & Readonly<Record<string, unknown>>;
type AnyOptions = EmitsOptions<unknown, unknown[], unknown[], unknown>;

/** Emits the results of one method. */
class ResultEmitter {
  private readonly logger = new SafeLogger('Realtime');
  private hasWarned = false;

  constructor(
    private readonly where: string,
    private readonly channel: string,
    private readonly options: AnyOptions,
  ) {}

  /** @throws InvalidEventError, or an Error without a value for a parameter of the channel */
  emit(instance: Emitting, result: unknown, args: unknown[]): void {
    if (result === undefined || result === null) return;
    if (isObservable(result)) throw new TypeError(`${this.where}: the method returns an Observable. Return a promise`);
    const { data: map, params } = this.options;
    const data = map === undefined ? result : map(result, ...args);
    if (data === undefined || data === null) return;
    const publisher = instance[EMITS_PUBLISHER];
    if (publisher === undefined) return this.warn();
    const values = params === undefined ? { ...fieldsOf(result), ...fieldsOf(data) } : params(result, ...args);
    (publisher as EventsPublisher<AnyEvents>).afterCommit(this.fill(values), data);
  }

  /** A unit test constructs a class without Nest, and must not fail. */
  private warn(): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.logger.warn(`${this.where} emits nothing: Nest did not create this instance`);
  }

  private fill(values: Readonly<Record<string, unknown>>): string {
    const { channel, where } = this;
    return channel.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      if (!['string', 'number', 'bigint'].includes(typeof value)) {
        throw new TypeError(
          `${where}: ${name} is ${value === null ? 'null' : typeof value}. Return it, or give params`,
        );
      }
      const text = String(value);
      const own = channel.startsWith(`${USER_GROUP}:`) ? userChannel(text) : null;
      return own === null ? text : own.slice(USER_GROUP.length + 1);
    });
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
