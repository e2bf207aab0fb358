import { createInbox } from './inbox.js';
import { deferred } from '../../test/support/virtual-client.js';

const step = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an inbox', () => {
  it('advances lastEventId when all listeners are done, in order', async () => {
    const inbox = createInbox<string>(() => undefined);
    const gates = [deferred(), deferred()];
    let calls = 0;
    inbox.add(() => gates[calls++]?.promise);
    inbox.add(() => undefined);
    inbox.push('a', 'e-1');
    inbox.push('b', 'e-2');
    expect(inbox.lastEventId).toBeUndefined();
    gates[0]?.resolve();
    await step();
    expect(inbox.lastEventId).toBe('e-1');
    gates[1]?.resolve();
    await step();
    expect(inbox.lastEventId).toBe('e-2');
  });

  it('passes an asynchronous listener its next value when it is done, without delaying others', async () => {
    const inbox = createInbox<string>(() => undefined);
    const gate = deferred();
    const slow: string[] = [];
    const fast: string[] = [];
    inbox.add((value) => {
      slow.push(value);
      return gate.promise;
    });
    inbox.add((value) => void fast.push(value));
    inbox.push('a', undefined);
    inbox.push('b', undefined);
    expect([slow, fast]).toEqual([['a'], ['a', 'b']]);
    gate.resolve();
    await step();
    expect(slow).toEqual(['a', 'b']);
  });

  it('drops values that no listener has started when cleared, without advancing lastEventId', async () => {
    const inbox = createInbox<string>(() => undefined);
    const gate = deferred();
    const received: string[] = [];
    inbox.add((value) => {
      received.push(value);
      return gate.promise;
    });
    inbox.push('a', 'e-1');
    inbox.push('b', 'e-2');
    inbox.clear();
    gate.resolve();
    await step();
    expect(received).toEqual(['a']);
    expect(inbox.lastEventId).toBeUndefined();
  });

  it('counts pending values, and reports when there are none', async () => {
    let empty = 0;
    const inbox = createInbox<string>(() => (empty += 1));
    const gate = deferred();
    const stop = inbox.add(() => gate.promise);
    expect(inbox.push('a', 'e-1')).toBe(1);
    expect(inbox.push('b', 'e-2')).toBe(2);
    empty = 0;
    stop(); // a removed listener is not awaited
    expect(empty).toBe(1);
    expect(inbox.lastEventId).toBe('e-2');
  });

  it('continues after a listener that rejects', async () => {
    const failures: unknown[] = [];
    const later = globalThis.setTimeout;
    globalThis.setTimeout = ((work: () => void) => {
      try {
        work();
      } catch (error) {
        failures.push(error);
      }
    }) as unknown as typeof setTimeout;
    const inbox = createInbox<string>(() => undefined);
    const received: string[] = [];
    inbox.add((value) => {
      received.push(value);
      return value === 'a' ? Promise.reject(new Error('bad listener')) : undefined;
    });
    inbox.push('a', 'e-1');
    inbox.push('b', 'e-2');
    await step();
    globalThis.setTimeout = later;
    expect(received).toEqual(['a', 'b']);
    expect(inbox.lastEventId).toBe('e-2');
    expect(failures).toEqual([new Error('bad listener')]);
  });

  it('waits for a hold as for an event', () => {
    const inbox = createInbox<string>(() => undefined);
    inbox.add(() => undefined);
    const done = inbox.hold('e-5');
    inbox.push('a', 'e-6');
    expect(inbox.lastEventId).toBeUndefined();
    done();
    expect(inbox.lastEventId).toBe('e-6');
  });
});
