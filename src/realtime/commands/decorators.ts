import { createParamDecorator, Injectable, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '../nest/route-metadata.js';
import type { EventClass } from '../options/channel-definition.js';
import type { CommandCall, RunningCall } from './running-call.js';

/** A class, or a list of its instances: `[AppDto]`. */
export type OutputClass<O extends object = object> = (new () => O) | readonly [new () => O];

/** The value of an output class. */
export type OutputOf<C> = C extends readonly [new () => infer O]
  ? readonly O[]
  : C extends new () => infer O
    ? O
    : unknown;

/** A method that can handle a command: it returns the result, or yields progress before it. */
export type CommandMethod<R> = (...args: never[]) => R | Promise<R> | AsyncGenerator<unknown, R>;

/** Options of {@link Command}. */
export interface CommandOptions<C extends OutputClass = OutputClass> {
  /** Class of the input, decorated with class-validator. @default the class of the parameter with `@Input()` */
  readonly input?: EventClass;
  /**
   * Class of the result, or `[AppDto]` for a list. Its `@Expose({ groups })` and `@Exclude()` decide which fields the caller
   * receives. @default the result is sent as it is
   */
  readonly output?: C;
  /**
   * Runs the handler at most once for the id of a call, on all instances, and keeps the outcome for a repetition. `false` for
   * commands that only read: nothing is stored. @default true
   */
  readonly once?: boolean;
  /** Suggests to clients to hold calls until they are connected. In the AsyncAPI document. @default 'fail' */
  readonly offline?: 'fail' | 'queue';
  /** Time limit, in milliseconds. After it the caller receives `timeout`, and `signal` is aborted. @default `commands.timeoutMs` */
  readonly timeoutMs?: number;
  /** Calls per second of one user on this instance, with bursts of twice as many. @default `commands.perSecond` */
  readonly perSecond?: number;
  /** Maximum size of the input as JSON, in bytes. @default `maxFrameBytes` */
  readonly maxBytes?: number;
  /** Also allows clients without a token, and guests. @default false */
  readonly anonymous?: boolean;
}

/** A method with `@Command`. */
export interface CommandDeclaration {
  readonly name: string;
  readonly options: CommandOptions;
}

/** Metadata key of the declarations of a method. */
export const COMMAND = Symbol('realtime: command');

/** Metadata key of classes with commands. */
export const COMMANDS_CLASS = Symbol('realtime: commands');

/** Metadata key of the index of the parameter with `@Input()`, on a class and its method. */
const INPUT_INDEX = Symbol('realtime: input');

/** Marks a provider whose methods with {@link Command} clients can call. List it in the `providers` of a module. */
export function RealtimeCommands(): ClassDecorator {
  return (target) => {
    Injectable()(target);
    Reflect.defineMetadata(COMMANDS_CLASS, true, target);
  };
}

/**
 * Lets clients call a method: `client.call('apps.rename', { id, name })`. Guards, pipes, interceptors and filters work as on
 * a controller.
 *
 *     @Command('apps.rename', { input: RenameApp, output: AppDto })
 *     @UseGuards(OwnerGuard)
 *     async rename(@Input() input: RenameApp, @Caller() caller: Principal): Promise<AppDto> {…}
 *
 * An async generator sends each value that it yields as progress, and returns the result.
 * @param name at most 100 characters, unique in the application
 */
export function Command<const C extends OutputClass = never>(
  name: string,
  options: CommandOptions<C> = {},
): <M extends CommandMethod<[C] extends [never] ? unknown : OutputOf<C>>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  const declaration: CommandDeclaration = { name, options };
  return (_target, _method, { value }) => {
    const before = declarationsOf(value);
    Reflect.defineMetadata(COMMAND, [...before, declaration], value as unknown as object);
  };
}

/** Returns the commands that a method handles; an empty list for any other value. */
export function declarationsOf(method: unknown): readonly CommandDeclaration[] {
  if (typeof method !== 'function') return [];
  return (Reflect.getOwnMetadata(COMMAND, method) as readonly CommandDeclaration[] | undefined) ?? [];
}

/** A pipe of a parameter: its class, or an instance. */
export type ParameterPipe = Type<PipeTransform> | PipeTransform;

/** Reads the value of a parameter. */
export type ParameterReader = (call: RunningCall) => unknown;

/** Readers of the parameters of this file, by the factories that Nest calls. */
const READERS = new Map<unknown, ParameterReader>();

function parameterOf<T>(read: (call: RunningCall) => T) {
  const factory = (_: unknown, context: ExecutionContext): T => read(context.switchToRpc().getContext<RunningCall>());
  READERS.set(factory, read);
  return createParamDecorator(factory);
}

const inputParameter = parameterOf((call) => call.readInput());

/** Passes the validated input of the call to this parameter. */
export function Input(...pipes: ParameterPipe[]): ParameterDecorator {
  return (target, method, index) => {
    inputParameter(...pipes)(target, method, index);
    if (method !== undefined) Reflect.defineMetadata(INPUT_INDEX, index, target.constructor, method);
  };
}

/** Passes the {@link Principal} of the caller to this parameter; `null` for a client without a token. */
export const Caller: (...pipes: ParameterPipe[]) => ParameterDecorator = parameterOf((call) => call.caller);

/** Passes the {@link CommandCall} to this parameter: its id, and the `signal` that is aborted when the caller cancels it. */
export const Call: (...pipes: ParameterPipe[]) => ParameterDecorator = parameterOf((call): CommandCall => call);

/** TypeScript types without a class. */
const WITHOUT_CLASS: ReadonlySet<unknown> = new Set([Object, Array, String, Number, Boolean, Function, Promise]);

/** Returns the class of the input: that of the options, otherwise the type of the parameter with `@Input()`. */
export function inputClassOf(prototype: object, method: string, { input }: CommandOptions): EventClass | null {
  if (input !== undefined) return input;
  const index = Reflect.getMetadata(INPUT_INDEX, prototype.constructor, method) as number | undefined;
  if (index === undefined) return null;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as readonly unknown[] | undefined;
  const type = types?.[index];
  return typeof type === 'function' && !WITHOUT_CLASS.has(type) ? (type as EventClass) : null;
}

/** The metadata of a parameter, as Nest keeps it. */
interface ParameterMetadata {
  readonly index: number;
  readonly factory?: unknown;
  readonly pipes?: readonly unknown[];
}

/** Returns the readers of all parameters of a method; `null` if a parameter is not of this file, or has a pipe. */
export function parameterReadersOf(type: object, method: string): readonly ParameterReader[] | null {
  const metadata = (Reflect.getMetadata(ROUTE_ARGS_METADATA, type, method) ?? {}) as Record<string, ParameterMetadata>;
  const readers: ParameterReader[] = [];
  for (const { index, factory, pipes } of Object.values(metadata)) {
    const read = READERS.get(factory);
    if (read === undefined || (pipes ?? []).length > 0) return null;
    readers[index] = read;
  }
  return Array.from(readers, (read) => read ?? (() => undefined));
}
