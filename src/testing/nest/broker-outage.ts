import {
  RealtimeUnavailableError,
  type Broker,
  type OutgoingEvent,
  type Position,
  type RealtimeClock,
} from '../../realtime/index.js';

interface Waiting {
  readonly event: OutgoingEvent;
  readonly deadline: number;
  readonly resolve: (position: Position | null) => void;
  readonly reject: (error: Error) => void;
}

const REASON = 'The broker is unavailable: the test called brokerDown()';
/** Interval of deadline checks, in milliseconds. */
const CHECK_MS = 50;

/**
 * Makes the broker of an application behave as if Redis were unavailable: published events wait until their
 * `timeoutMs`, and subscriptions or reads that need the broker fail.
 */
export class BrokerOutage {
  private waiting: Waiting[] = [];
  private restore: (() => void) | null = null;

  constructor(
    private readonly broker: Broker,
    private readonly clock: RealtimeClock,
  ) {
    clock.onAdvance(() => this.expire());
  }

  begin(): void {
    if (this.restore !== null) return;
    const timer = setInterval(() => this.expire(), CHECK_MS).unref();
    const restoreBroker = override(this.broker, {
      status: { get: () => ({ up: false, reason: REASON }) },
      health: { get: () => ({ queuedEvents: this.waiting.length, queuedBytes: this.bytes, selfPingAgeMs: null }) },
      publish: { value: (event: OutgoingEvent) => this.hold(event) },
      subscribe: { value: unavailable },
      read: { value: unavailable },
      latest: { value: unavailable },
      listeners: { value: unavailable },
    });
    this.restore = () => {
      clearInterval(timer);
      restoreBroker();
    };
  }

  /** Ends the outage and publishes the waiting events in order. */
  end(): void {
    this.restore?.();
    this.restore = null;
    const waiting = this.waiting;
    this.waiting = [];
    for (const { event, resolve, reject } of waiting) this.broker.publish(event).then(resolve, reject);
  }

  private get bytes(): number {
    return this.waiting.reduce((sum, { event }) => sum + Buffer.byteLength(event.body), 0);
  }

  private hold(event: OutgoingEvent): Promise<Position | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, deadline: this.clock.now() + event.timeoutMs, resolve, reject });
    });
  }

  private expire(): void {
    const now = this.clock.now();
    const late = this.waiting.filter(({ deadline }) => deadline <= now);
    this.waiting = this.waiting.filter(({ deadline }) => deadline > now);
    for (const { reject } of late) reject(new RealtimeUnavailableError(`Not published in time: ${REASON}`));
  }
}

async function unavailable(): Promise<never> {
  throw new RealtimeUnavailableError(REASON);
}

/** Overrides properties of an object. @returns a function that restores them */
function override(object: object, properties: PropertyDescriptorMap): () => void {
  const own = Object.keys(properties).map((name) => [name, Object.getOwnPropertyDescriptor(object, name)] as const);
  for (const [name, property] of Object.entries(properties)) {
    Object.defineProperty(object, name, { ...property, configurable: true });
  }
  return () => {
    for (const [name, before] of own) {
      if (before === undefined) Reflect.deleteProperty(object, name);
      else Object.defineProperty(object, name, before);
    }
  };
}
