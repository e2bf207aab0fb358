import { MemoryTicketStore } from './memory.ticket-store.js';

describe('MemoryTicketStore', () => {
  it('forgets expired tickets while new ones are stored', async () => {
    let now = 0;
    const store = new MemoryTicketStore(() => now);
    const size = (): number => (store as unknown as { readonly entries: Map<string, unknown> }).entries.size;
    for (let number = 0; number < 1_000; number += 1) await store.put(`short ${number}`, 'holder', 10);
    now = 10;
    await store.put('long', 'holder', 1_000);
    expect(size()).toBe(1);
    for (let number = 0; number < 999; number += 1) await store.put(`other ${number}`, 'holder', 10);
    now = 20;
    await store.put('last', 'holder', 10);
    expect(size()).toBe(2);
    expect(await store.take('long')).toBe('holder');
    expect(size()).toBe(1);
  });

  it('ends a ticket with its time', async () => {
    let now = 0;
    const store = new MemoryTicketStore(() => now);
    await store.put('digest', 'holder', 10);
    now = 9;
    expect(await store.get('digest')).toBe('holder');
    now = 10;
    expect(await store.get('digest')).toBeNull();
  });
});
