import type { RawData } from 'ws';
import { BINARY_FRAME, decodeClientFrame, MAX_TARGETS, ProtocolError, type Decoded } from '../../protocol/index.js';
import type { Connection } from '../connections/connection.js';
import { FrameQueue, type FrameHandler } from '../connections/frame-queue.js';
import type { Counters } from '../observability/counters.js';
import { inTenant } from '../tenants/current-tenant.js';
import { sleep } from '../timing/retry.js';
import type { Services } from './commands/command.js';
import { COMMANDS } from './commands/index.js';
import { MessageRunner } from './message-runner.js';
import { costOfReading } from './request-cost.js';
import { sendError } from './send-error.js';

/** Created once, because errors are expensive and a flood would need thousands. */
const RATE_LIMITED = new ProtocolError('rate_limited');
const OVER_BUDGET = new ProtocolError('rate_limited', {
  message: 'The requests of this client exceed its budget: try again later',
});

const GUESTS_ONLY_RECEIVE = new ProtocolError('forbidden', {
  message: 'Guests cannot send messages of the application',
});

/** Handles the frames of clients: limits, decoding, and the command of each frame. */
export class ClientFrames {
  private readonly messages: MessageRunner;
  private readonly maxTargets: number;
  private readonly handler: FrameHandler<Connection>;

  /** @param authenticated called after a frame of a connection whose URL names channels: it may have authenticated */
  constructor(
    private readonly services: Services,
    private readonly counters: Counters,
    private readonly authenticated: (connection: Connection) => void,
  ) {
    const { options } = services;
    this.messages = new MessageRunner(options);
    this.maxTargets = Math.max(MAX_TARGETS, options.maxSubscriptionsPerConnection);
    this.handler = {
      maxBytes: options.maxFrameBytes,
      handle: (connection, frame, bytes) => this.dispatch(connection, frame, bytes),
      fail: (connection, { request, bad }, error) => {
        const callId = request !== undefined && 'callId' in request ? request.callId : undefined;
        sendError(connection, error, { ref: (request ?? bad).ref, callId });
      },
    };
  }

  queueFor(connection: Connection): FrameQueue<Connection> {
    return new FrameQueue(connection, this.handler);
  }

  /** Returns true if the frame can be handled. Over the rate limit it answers with an error and returns false. */
  admit(connection: Connection): boolean {
    connection.alive = true;
    if (connection.closing) return false;
    if (connection.rate.take(this.services.clock.now())) return true;
    this.counters.framesReceived.add('rate_limited');
    sendError(connection, RATE_LIMITED);
    if (connection.rate.flooding) connection.close('rateLimited');
    return false;
  }

  /** Takes a message of a client: charges and decodes it, and adds it to the queue of the connection. */
  take(connection: Connection, data: RawData, isBinary: boolean): void {
    connection.messages += 1;
    if (!this.admit(connection)) return;
    const bytes = bytesOf(data);
    const readingCost = costOfReading(bytes.length);
    if (readingCost > 0 && this.services.budget.charge(connection, readingCost) === null) {
      this.counters.framesReceived.add('rate_limited');
      sendError(connection, OVER_BUDGET);
      return;
    }
    const frame = isBinary ? { bad: BINARY_FRAME } : decodeClientFrame(bytes.toString(), this.maxTargets);
    if (frame.request !== undefined && 'targets' in frame.request)
      connection.rate.chargeChannels(frame.request.targets.length);
    connection.frames?.add(frame, bytes.length);
  }

  private dispatch(connection: Connection, { request, bad, custom }: Decoded, bytes: number): void | Promise<void> {
    if (request !== undefined) {
      this.counters.framesReceived.add(request.type);
      if (connection.awaitsAuth && request.type !== 'auth') throw new ProtocolError('auth_required');
      const command = COMMANDS[request.type];
      const cost = command.cost(request as never, connection);
      const waitMs = cost === 0 ? 0 : this.services.budget.request(connection, cost);
      if (waitMs === null) throw OVER_BUDGET;
      const run = () => command.run(this.services, connection, request as never, bytes);
      const pending = waitMs === 0 ? run() : afterWait(waitMs, connection, run);
      return connection.channelsAtConnect === null ? pending : this.authenticatedAfter(connection, pending);
    }
    if (custom !== undefined) {
      if (connection.awaitsAuth) throw new ProtocolError('auth_required');
      if (connection.messageTypes?.has(custom.type) === true) {
        this.counters.framesReceived.add('application');
        // A share link only lets its guests receive. Handlers of the application expect a user or an anonymous client.
        if (connection.principal?.guest !== undefined) throw GUESTS_ONLY_RECEIVE;
        const tenant = connection.principal?.tenant ?? null;
        // Not awaited: later frames do not wait for a handler of the application.
        if (tenant === null) this.messages.start(connection, custom, bytes);
        else inTenant(tenant, () => this.messages.start(connection, custom, bytes));
        return;
      }
    }
    this.counters.framesReceived.add('bad');
    // An unauthenticated client receives only `auth_required`, except for invalid JSON and failed `auth` frames.
    const isOther = connection.awaitsAuth && bad.code === 'invalid_message' && bad.details?.[0]?.field !== 'token';
    sendError(connection, isOther ? new ProtocolError('auth_required') : new ProtocolError(bad.code, bad), {
      ref: bad.ref,
    });
    if (connection.badFrames.isExceeded(this.services.clock.now())) connection.close('protocolViolation');
  }

  private async authenticatedAfter(connection: Connection, pending: void | Promise<void>): Promise<void> {
    await pending;
    this.authenticated(connection);
  }
}

async function afterWait(ms: number, connection: Connection, dispatch: () => void | Promise<void>): Promise<void> {
  await sleep(ms);
  if (!connection.closing) await dispatch();
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
}
