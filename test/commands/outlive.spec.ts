import { Call, Command, EventsPublisher, Input, RealtimeCommands, type CommandCall } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';

const CHANNELS = [{ name: 'notes:brief', access: 'authenticated', history: false }] as const;

let wake: () => void = () => undefined;
let woken: Promise<void> = Promise.resolve();

@RealtimeCommands()
class LateCommands {
  constructor(private readonly events: EventsPublisher) {}

  private emit(text: string): Promise<unknown> {
    return this.events.emit('notes:brief' as never, { text } as never);
  }

  /** Emits now, and leaves code that emits after the answer. */
  @Command('leave')
  async leave(@Input() text: string): Promise<string> {
    void woken.then(() => this.emit(`${text} late`));
    void woken.then(() => this.events.transaction(async () => this.later(`${text} committed`)));
    await this.emit(text);
    return text;
  }

  private later(text: string): void {
    this.events.afterCommit('notes:brief' as never, { text } as never);
  }

  /** Emits when its caller has its outcome already. */
  @Command('hang')
  async hang(@Call() { signal }: CommandCall): Promise<void> {
    await this.emit('early');
    await until(() => signal.aborted);
    await this.emit('after the end');
  }
}

describe('code that outlives its call', () => {
  let app: RealtimeApp;
  let client: WsClient;
  const texts = () =>
    client.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as { readonly text: string }).text] : []));
  const causeOf = async (text: string): Promise<string | undefined> => {
    await until(() => texts().includes(text));
    const event = client.frames.find(
      (frame) => frame.type === 'event' && (frame.data as { text: string }).text === text,
    );
    return (event as { readonly cause?: string }).cause;
  };

  beforeAll(async () => {
    app = await RealtimeApp.start({ channels: [...CHANNELS] }, { providers: [LateCommands] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    woken = new Promise((resolve) => (wake = resolve));
    client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'subscribe', channel: 'notes:brief' });
  });
  afterEach(() => client.close());

  it('causes nothing in the name of the call', async () => {
    const call = { type: 'call', name: 'leave', callId: 'c1', data: 'note' };
    const answer = await client.ask(call);
    expect(answer).toMatchObject({ type: 'result', effects: [{ channel: 'notes:brief' }] });
    expect(await causeOf('note')).toBe('c1');
    wake();
    expect([await causeOf('note late'), await causeOf('note committed')]).toEqual([undefined, undefined]);
    // The kept outcome is the same.
    expect(await client.ask(call)).toMatchObject({ effects: [{ channel: 'notes:brief' }] });
  });

  it('causes nothing after its caller has cancelled it', async () => {
    const answer = client.ask({ type: 'call', name: 'hang', callId: 'c2' });
    expect(await causeOf('early')).toBe('c2');
    client.send({ type: 'cancel', callId: 'c2' });
    expect(await answer).toMatchObject({ code: 'cancelled' });
    expect(await causeOf('after the end')).toBeUndefined();
  });
});
