import { randomBytes, randomInt } from 'node:crypto';
import {
  Broker,
  RealtimeUnavailableError,
  type BrokerEvent,
  type BrokerHealth,
  type BrokerListener,
  type BrokerStatus,
  type HistoryPage,
  type HistoryWindow,
  type OutgoingEvent,
  type Position,
  type ReadLimits,
  type ReadResult,
} from 'nestjs-realtime';
import { Link } from './link.js';

const IDEMPOTENCY_MS = 300_000;

interface Subscription {
  readonly hasHistory: boolean;
  /** Earlier events are not delivered: their notifications can still be on their way after `subscribe`. */
  from: number;
  /** Events that arrive before `from` is known. */
  waiting: BrokerEvent[] | null;
}

interface Head {
  readonly epoch: string;
  readonly top: string;
  /** The number of readable events. */
  readonly size: number;
}

interface Row {
  readonly number: string;
  readonly body: string;
  readonly mark: string;
  readonly hints: string | null;
}

const HEAD = `
SELECT rt_epoch($1) AS epoch, coalesce(top, 0) AS top,
  CASE WHEN readable_until > clock_timestamp() THEN size ELSE 0 END AS size
FROM (SELECT) AS one LEFT JOIN rt_topics ON topic = $1`;

/** The broker over Postgres: one connection publishes and reads, one listens. */
export class PostgresBroker extends Broker {
  /** For the statements of the stores, too. */
  readonly link: Link;
  private readonly listening: Link;
  private readonly name = randomBytes(8).toString('hex');
  private readonly subscribed = new Map<string, Subscription>();
  private listener: BrokerListener | null = null;
  private parts: string[] = [];
  private queuedEvents = 0;
  private queuedBytes = 0;
  private closed = false;

  constructor(url: string) {
    super();
    this.link = new Link(url);
    this.listening = new Link(url);
    this.listening.onConnect = async (client) => {
      await client.query(`SET application_name = 'realtime ${this.name}'`);
      await client.query('LISTEN rt_events');
    };
    this.listening.onUp.push(() => void this.reportPositions().catch(() => undefined));
    this.listening.onNotification = ({ payload = '' }) => this.receive(payload);
  }

  override start(): void {
    this.link.start();
    this.listening.start();
  }

  override get status(): BrokerStatus {
    const [one, other] = [this.link.status, this.listening.status];
    return one.up ? other : one;
  }

  override get health(): BrokerHealth {
    return { queuedEvents: this.queuedEvents, queuedBytes: this.queuedBytes, selfPingAgeMs: null };
  }

  override listen(listener: BrokerListener): void {
    this.listener = listener;
  }

  override async publish(event: OutgoingEvent): Promise<Position | null> {
    if (this.closed) throw new RealtimeUnavailableError('The application is shutting down');
    const { topic, body, history, idempotencyKey, idempotencyMs = IDEMPOTENCY_MS, traceparent, hints } = event;
    const bytes = Buffer.byteLength(body);
    this.queuedEvents += 1;
    this.queuedBytes += bytes;
    try {
      const [row] = await this.link.query<{ number: string | null; epoch: string }>(
        'SELECT rt_publish($1, $2, $3, $4, $5, $6, $7, $8, $9) AS number, rt_epoch($1) AS epoch',
        [
          ...[topic, body, randomInt(2 ** 47), history?.size, history?.ttlMs],
          ...[idempotencyKey, idempotencyMs, traceparent, hints],
        ],
        performance.now() + event.timeoutMs,
      );
      return row!.number === null ? null : { epoch: row!.epoch, offset: Number(row!.number) };
    } finally {
      this.queuedEvents -= 1;
      this.queuedBytes -= bytes;
    }
  }

  override async subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null> {
    const subscription: Subscription = { hasHistory: history !== null, from: 0, waiting: [] };
    this.subscribed.set(topic, subscription);
    await this.link.query('INSERT INTO rt_subscriptions VALUES ($1, $2) ON CONFLICT DO NOTHING', [topic, this.name]);
    const position = history === null ? null : positionOf(await this.head(topic));
    subscription.from = position?.offset ?? 0;
    const waiting = subscription.waiting ?? [];
    subscription.waiting = null;
    for (const event of waiting) this.deliver(topic, event);
    return position;
  }

  override async unsubscribe(topic: string): Promise<void> {
    this.subscribed.delete(topic);
    await this.link.query('DELETE FROM rt_subscriptions WHERE topic = $1 AND instance = $2', [topic, this.name]);
  }

  override async read(topic: string, after: Position, limits: ReadLimits, withAt = false): Promise<ReadResult> {
    // One statement, so that head and events are read at the same time.
    const rows = await this.link.query<Head & Partial<Row>>(
      `SELECT head.*, number, body, mark, hints FROM (${HEAD}) AS head LEFT JOIN rt_events
       ON topic = $1 AND number >= $2 AND number > head.top - head.size AND head.top - $2 <= $3 ORDER BY number`,
      [topic, after.offset, limits.maxEvents],
    );
    const head = rows[0]!;
    const top = positionOf(head);
    if (after.epoch !== top.epoch) return { ok: false, reason: 'unknown_epoch', top };
    if (after.offset > top.offset) return { ok: false, reason: 'rewound', top };
    const missed = top.offset - after.offset;
    if (missed > head.size) return { ok: false, reason: 'expired', top };
    if (missed > limits.maxEvents) return { ok: false, reason: 'too_many', top };
    const found = rows
      .filter((row): row is Head & Row => typeof row.number === 'string')
      .map((row) => eventOf(top.epoch, row));
    const events = found.filter(({ position }) => position!.offset > after.offset);
    if (events.length < missed) return { ok: false, reason: 'expired', top };
    const bytes = events.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    if (bytes > limits.maxBytes) return { ok: false, reason: 'too_many', top };
    const at = withAt ? found.find(({ position }) => position!.offset === after.offset) : undefined;
    return { ok: true, events, top, ...(at !== undefined && { at }) };
  }

  override async page(topic: string, before: Position | null, limits: ReadLimits): Promise<HistoryPage | null> {
    const rows = await this.link.query<Head & Partial<Row>>(
      `SELECT head.*, number, body, mark, hints FROM (${HEAD}) AS head LEFT JOIN LATERAL (
         SELECT * FROM rt_events WHERE topic = $1 AND number > head.top - head.size AND number < coalesce($2, head.top + 1)
         ORDER BY number DESC LIMIT $3
       ) AS events ON true ORDER BY number DESC`,
      [topic, before?.offset ?? null, limits.maxEvents + 1],
    );
    const head = rows[0]!;
    const top = positionOf(head);
    const end = before?.offset ?? top.offset + 1;
    if (end > 0 && (end > top.offset + 1 || (before ?? top).epoch !== top.epoch)) return null;
    const found = rows
      .filter((row): row is Head & Row => typeof row.number === 'string')
      .map((row) => eventOf(top.epoch, row))
      .filter(({ position }, index) => position!.offset === end - 1 - index);
    let bytes = 0;
    const fit = found.filter(({ body }, index) => {
      bytes += Buffer.byteLength(body);
      return index < limits.maxEvents && (index === 0 || bytes <= limits.maxBytes);
    });
    return { events: fit.toReversed(), top, more: fit.length < found.length };
  }

  override async hasSubscribers(topic: string): Promise<boolean> {
    return this.subscribed.has(topic) || (await this.listeners(topic)) > 0;
  }

  /** Counts only instances whose listening connection is open: that of a dead instance is closed. */
  override async listeners(topic: string): Promise<number> {
    const [row] = await this.link.query<{ count: string }>(
      `SELECT count(*) FROM rt_subscriptions JOIN pg_stat_activity ON application_name = 'realtime ' || instance
       WHERE topic = $1`,
      [topic],
    );
    return Number(row!.count);
  }

  override async close(): Promise<void> {
    if (!this.closed) {
      await this.link.query('DELETE FROM rt_subscriptions WHERE instance = $1', [this.name]).catch(() => undefined);
    }
    this.closed = true;
    await Promise.all([this.link.close(), this.listening.close()]);
  }

  private async head(topic: string): Promise<Head> {
    return (await this.link.query<Head>(HEAD, [topic]))[0]!;
  }

  private receive(payload: string): void {
    const [, part, parts, text] = /^(\d+)\/(\d+) ([^]*)$/.exec(payload) ?? [];
    if (part === '1') this.parts = [];
    this.parts.push(text ?? '');
    if (part !== parts) return;
    const { topic, epoch, offset, body, mark, trace, hints } = JSON.parse(this.parts.join('')) as {
      topic: string;
      epoch: string;
      offset: number | null;
      body: string;
      mark: number;
      trace: string | null;
      hints: string | null;
    };
    this.deliver(topic, {
      position: offset === null ? null : { epoch, offset },
      body,
      ...(offset !== null && { mark }),
      ...(trace !== null && { traceparent: trace }),
      ...(hints !== null && { hints }),
    });
  }

  private deliver(topic: string, event: BrokerEvent): void {
    const subscription = this.subscribed.get(topic);
    if (subscription === undefined) return;
    if (subscription.waiting !== null) subscription.waiting.push(event);
    else if (event.position === null || event.position.offset > subscription.from) this.listener?.event(topic, event);
  }

  /** Notifications are lost while the listening connection is down: the module reads what is missing. */
  private async reportPositions(): Promise<void> {
    for (const [topic, { hasHistory }] of this.subscribed) {
      if (hasHistory) this.listener?.position(topic, positionOf(await this.head(topic)));
    }
  }
}

function positionOf({ epoch, top }: Head): Position {
  return { epoch, offset: Number(top) };
}

function eventOf(epoch: string, { number, body, mark, hints }: Row): BrokerEvent {
  const position = { epoch, offset: Number(number) };
  return { position, body, mark: Number(mark), ...(hints !== null && { hints }) };
}
