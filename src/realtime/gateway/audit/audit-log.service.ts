import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CLOSE_CODES } from '../../../protocol/index.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { Connection } from '../../connections/connection.js';
import { fieldsOf } from '../../observability/log-fields.js';
import { LogLimiter } from '../../observability/log-limiter.js';
import { isUnknownElement } from '../../nest/unknown-element.js';
import { runSafely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { topicOf } from '../../tenants/topic.js';
import {
  RealtimeAudit,
  type AuditedClient,
  type AuditEntry,
  type OperatorAction,
  type OperatorRead,
  type RequestRefusal,
} from './realtime-audit.js';

/** Close codes of normal operation, logged at debug level only. */
const EXPECTED_CLOSES = new Set<number>([
  CLOSE_CODES.restarting.code,
  CLOSE_CODES.accessRevoked.code,
  CLOSE_CODES.unauthorized.code,
]);

type Client = Pick<Connection, 'address' | 'principal'>;

/** A call of an operator route. */
export type OperatorCall = {
  readonly query: Readonly<Record<string, string>>;
  readonly target: string | null;
} & (
  | { readonly isRead: true; readonly name: OperatorRead }
  | { readonly isRead: false; readonly name: OperatorAction }
);

/** A call of a command. */
interface AuditedCall {
  readonly id: string;
  readonly command: string;
  readonly address: string;
  readonly caller: Connection['principal'];
  readonly connectionId: string | null;
  readonly isRepetition: boolean;
}

interface PublishedTo {
  readonly channel: string;
  readonly tenant: string | null;
}

/**
 * Records audit entries in the log and in the application's {@link RealtimeAudit}. Repeated log entries of one kind are limited
 * to one line per ten seconds.
 */
@Injectable()
export class AuditLog implements OnApplicationBootstrap {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  /** By command. */
  private readonly callLog = new LogLimiter(new SafeLogger('Realtime'));
  private audit: RealtimeAudit | null = null;

  constructor(
    private readonly modules: ModuleRef,
    private readonly clock: RealtimeClock,
  ) {}

  onApplicationBootstrap(): void {
    try {
      this.audit = this.modules.get(RealtimeAudit, { strict: false });
    } catch (error) {
      // The application does not provide a RealtimeAudit.
      if (!isUnknownElement(error)) throw error;
    }
  }

  connected(connection: Connection): void {
    this.log.debug('connected', () => `A client connected${connectionFields(connection)}`);
    this.record(connection, { event: 'connected', connectionId: connection.id });
  }

  /** Records that a connection sent a token: its first one, or a replacement. */
  identified(connection: Connection): void {
    this.log.debug('identified', () => `A client sent a token${connectionFields(connection)}`);
    this.record(connection, { event: 'identified', connectionId: connection.id });
  }

  /**
   * Records a rejected handshake or token.
   * @param reason an error code or the outcome of a handshake: a value of a small fixed set, because it is a key of the log
   * limiter
   */
  refused(reason: string, client: Client, connectionId: string | null = null): void {
    const what = connectionId === null ? 'A handshake was refused' : 'A token was refused on a connection';
    this.log.log(
      `refused ${reason}`,
      () => what + fieldsOf({ code: reason, connection: connectionId, ...clientFields(client) }),
    );
    this.record(client, { event: 'refused', connectionId, reason });
  }

  /** Records the end of an accepted connection. */
  disconnected(connection: Connection, code: number): void {
    const { closeReason, closedBy, since } = connection;
    const endedBy = closeReason === null && closedBy === null ? 'client' : 'server';
    const openMs = Math.round(this.clock.now() - since);
    const sentence = (): string =>
      `A connection ended${fieldsOf({ code, by: closedBy ?? endedBy, reason: closeReason })}${connectionFields(connection)}`;
    if (closeReason === null || EXPECTED_CLOSES.has(CLOSE_CODES[closeReason].code))
      this.log.debug(`ended ${closeReason}`, sentence);
    else this.log.log(`ended ${closeReason}`, sentence);
    this.record(connection, {
      event: 'disconnected',
      connectionId: connection.id,
      code,
      endedBy,
      closedBy: closedBy,
      openMs,
    });
  }

  /** Records that an operator called a route, even if the call fails. */
  operatorCalled(client: Client, call: OperatorCall): void {
    const { name, query, target } = call;
    const fields = { what: name, target, ...clientFields(client) };
    if (call.isRead) {
      this.log.debug(`read ${name}`, () => `An operator read${fieldsOf(fields)}`);
      this.record(client, { event: 'operator_read', read: call.name, target, query });
    } else {
      this.log.log(`action ${name}`, () => `An operator acted${fieldsOf(fields)}`);
      this.record(client, { event: 'operator_action', action: call.name, target, query });
    }
  }

  /** Records an HTTP request that was not authorized. */
  requestRefused(client: Client, path: string, reason: RequestRefusal): void {
    this.log.log(
      `request ${reason}`,
      () => `A request was refused${fieldsOf({ code: reason, path, ...clientFields(client) })}`,
    );
    this.record(client, { event: 'request_refused', path, reason });
  }

  /**
   * Records events that were published over HTTP.
   * @param key name of the publishing key; `null` for an administrator
   */
  published(client: Client, key: string | null, events: readonly PublishedTo[]): void {
    for (const { channel, tenant, count } of counted(events)) {
      const fields = { key, channel, count, ...clientFields(client), tenant };
      this.log.debug(`published ${key}`, () => `Events were published over HTTP${fieldsOf(fields)}`);
      this.record(client, { event: 'published', key, channel, count }, tenant);
    }
  }

  /**
   * Records that a call of a command ended.
   * @param outcome `succeeded`, or the error code
   */
  called(call: AuditedCall, outcome: string, ms: number): void {
    this.callLog.debug(call.command, () => `A call ended${callFields(call, outcome, ms)}`);
    if (this.audit === null) return;
    const { id, command, address, caller, connectionId, isRepetition } = call;
    const entry = { command, callId: id, outcome, connectionId, durationMs: Math.round(ms), repeated: isRepetition };
    this.record({ address, principal: caller }, { event: 'called', ...entry });
  }

  /** Records that a publishing key was used outside its scope. */
  publishRefused(client: Client, key: string, reason: string): void {
    this.log.warn(
      `publish refused ${key}`,
      () => `Publishing was refused${fieldsOf({ key, reason, ...clientFields(client) })}`,
    );
    this.record(client, { event: 'publish_refused', key, reason });
  }

  private record(client: Client, entry: EntryOf<AuditEntry>, tenantOfEvents?: string | null): void {
    if (this.audit === null) return;
    const { address, principal } = client;
    const { guest } = principal ?? {};
    const { userId = null, role = null } = (guest === undefined ? principal?.user : undefined) ?? {};
    const tenant = tenantOfEvents === undefined ? (principal?.tenant ?? null) : tenantOfEvents;
    const known = { userId, role, tenant, sessionId: principal?.jti ?? null, ...(guest !== undefined && { guest }) };
    const { audit } = this;
    runSafely(`RealtimeAudit for ${entry.event}`, () => audit.record({ at: new Date(), address, ...known, ...entry }));
  }
}

type Known = keyof AuditedClient;
type EntryOf<E> = E extends AuditEntry ? Omit<E, Known> : never;

/** Counts the events of each channel. */
function counted(events: readonly PublishedTo[]): Iterable<PublishedTo & { readonly count: number }> {
  const counts = new Map<string, PublishedTo & { count: number }>();
  for (const event of events) {
    const topic = topicOf(event.tenant, event.channel);
    const known = counts.get(topic);
    if (known === undefined) counts.set(topic, { ...event, count: 1 });
    else known.count += 1;
  }
  return counts.values();
}

function clientFields({ address, principal }: Client): Readonly<Record<string, string | null | undefined>> {
  const { guest, user, tenant = null } = principal ?? {};
  return { ...(guest === undefined ? { user: user?.userId ?? null } : { guest }), tenant, address };
}

function connectionFields(connection: Connection): string {
  return fieldsOf({ connection: connection.id, ...clientFields(connection) });
}

function callFields({ id, command, address, caller, connectionId }: AuditedCall, outcome: string, ms: number): string {
  const fields = { command, outcome, call: id, ms: Math.round(ms), connection: connectionId };
  return fieldsOf({ ...fields, ...clientFields({ address, principal: caller }) });
}
