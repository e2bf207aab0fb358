import type { InputOf, OutputOf } from '../client/index.js';
import {
  ERROR_CODES,
  type ClientRequest,
  type CommandSupport,
  type Effect,
  type ErrorCode,
  type FieldProblem,
  type RealtimeCommands,
  type ServerFrame,
  type Unstamped,
  type User,
} from '../protocol/index.js';

/** The running call, for the handler of a command of a fake server. */
export interface FakeCall {
  /** `null` for an anonymous client and for a guest. */
  readonly user: User | null;
  readonly callId: string;
  /** Aborted when the client cancels the call. */
  readonly signal: AbortSignal;
  /** Publishes an event, which becomes an effect of the call. */
  publish(channel: string, data: unknown): void;
  /** Publishes an event after the result, like an outbox: it carries the id of the call as `cause`. */
  publishLater(channel: string, data: unknown): void;
  /** Sends progress. */
  progress(data: unknown): void;
}

/**
 * The commands of a fake server, by name. A handler returns the output. An error with a `code` of the protocol is sent to the
 * client, with its message and `details`; any other error as `internal`. `in_progress` is the only one that is not kept.
 */
export type FakeHandlers = {
  readonly [N in keyof RealtimeCommands]?: (
    input: InputOf<RealtimeCommands, N>,
    call: FakeCall,
  ) => OutputOf<RealtimeCommands, N> | Promise<OutputOf<RealtimeCommands, N>>;
};

type Handler = (input: unknown, call: FakeCall) => unknown;
type CallRequest = Extract<ClientRequest, { type: 'call' }>;

/** A connection, as the commands need it. */
export interface FakeCaller {
  readonly id: string;
  readonly user: User | null;
  send(frame: Unstamped): void;
}

/** Functions of the server that its commands need. */
export interface FakeCommandsEnv {
  /** @returns id of the event; `undefined` without history */
  publish(channel: string, data: unknown, cause?: string): string | undefined;
  /** Returns true if the channel gives its events ids. */
  hasHistory(channel: string): boolean;
}

type Answer = Unstamped<Extract<ServerFrame, { type: 'result' | 'error' }>>;

/** A call, and its answer once there is one. */
interface KnownCall {
  readonly name: string;
  /** The last connection that sent it. */
  caller: FakeCaller;
  ref: string | undefined;
  answer?: Answer;
  readonly at: number;
  readonly over: AbortController;
}

let epochs = 0;

/** Runs the commands of a fake server, each call once. */
export class FakeCommands {
  #epoch = newEpoch();
  // user and id of the call → the call
  readonly #calls = new Map<string, KnownCall>();

  constructor(
    private readonly handlers: FakeHandlers,
    private readonly windowMs: number,
    private readonly env: FakeCommandsEnv,
  ) {}

  /** Fields of `connected`. */
  get support(): CommandSupport {
    return { windowMs: this.windowMs, epoch: this.#epoch };
  }

  /** Forgets all calls, like a server that lost its data. */
  forget(): void {
    this.#epoch = newEpoch();
    this.#calls.clear();
  }

  take(caller: FakeCaller, { name, callId, data, ref }: CallRequest): void {
    const key = keyOf(caller, callId);
    const known = this.#calls.get(key);
    if (known !== undefined && Date.now() - known.at < this.windowMs) {
      // Its id belongs to the call of another command.
      if (known.name !== name)
        return caller.send({ ...errorFrame('conflict', callId), ...(ref !== undefined && { ref }) });
      Object.assign(known, { caller, ref });
      if (known.answer !== undefined) answer(known);
      return;
    }
    const call: KnownCall = { name, caller, ref, at: Date.now(), over: new AbortController() };
    this.#calls.set(key, call);
    void this.#run(name, data, callId, call).then((result) => {
      if (call.answer !== undefined) return; // cancelled
      call.answer = result;
      // The call runs elsewhere: a repetition runs the handler again.
      if (result.type === 'error' && result.code === 'in_progress') this.#calls.delete(key);
      answer(call);
    });
  }

  cancel(caller: FakeCaller, callId: string): void {
    const known = this.#calls.get(keyOf(caller, callId));
    if (known === undefined || known.answer !== undefined) return;
    known.over.abort();
    known.answer = errorFrame('cancelled', callId);
    answer(known);
  }

  async #run(name: string, input: unknown, callId: string, call: KnownCall): Promise<Answer> {
    if (!Object.hasOwn(this.handlers, name)) return errorFrame('unknown_command', callId);
    const effects: Effect[] = [];
    const later: (() => void)[] = [];
    const context: FakeCall = {
      user: call.caller.user,
      callId,
      signal: call.over.signal,
      publish: (channel, data) => {
        const id = this.env.publish(channel, data, this.env.hasHistory(channel) ? undefined : callId);
        effects.push({ channel, ...(id !== undefined && { id }) });
      },
      publishLater: (channel, data) => {
        assertJson(data); // here, because the handler has ended when it is published
        effects.push({ channel });
        later.push(() => this.env.publish(channel, data, callId));
      },
      progress: (data) => {
        if (call.answer === undefined) call.caller.send({ type: 'progress', callId, data });
      },
    };
    try {
      const handler = (this.handlers as Readonly<Record<string, Handler>>)[name]!;
      const data = (await handler(input, context)) ?? null;
      assertJson(data);
      void Promise.resolve().then(() => later.forEach((publish) => publish()));
      return { type: 'result', callId, data, ...(effects.length > 0 && { effects }) };
    } catch (error) {
      return refusalOf(error, callId);
    }
  }
}

function answer({ caller, ref, answer: frame }: KnownCall): void {
  caller.send({ ...frame!, ...(ref !== undefined && { ref }) });
}

/** An id is unique for a user, and for an anonymous connection. */
function keyOf({ user, id }: FakeCaller, callId: string): string {
  return `${user === null ? `connection ${id}` : `user ${user.userId}`} ${callId}`;
}

function refusalOf(error: unknown, callId: string): Answer {
  const { code, message, details } = (error ?? {}) as {
    readonly code?: string;
    readonly message?: string;
    readonly details?: readonly FieldProblem[];
  };
  if (code === undefined || !Object.hasOwn(ERROR_CODES, code)) return errorFrame('internal', callId);
  return { ...errorFrame(code as ErrorCode, callId), ...(message && { message }), ...(details && { details }) };
}

/** @throws TypeError for a value that no frame can contain */
function assertJson(data: unknown): void {
  JSON.stringify(data);
}

function errorFrame(code: ErrorCode, callId: string): Extract<Answer, { type: 'error' }> {
  return { type: 'error', code, message: ERROR_CODES[code].message, callId };
}

function newEpoch(): string {
  epochs += 1;
  return `calls${epochs}`;
}
