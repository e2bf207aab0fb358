import { Turns } from './turns.js';

describe('Turns', () => {
  it('lets the event loop turn after each 32 steps, and costs nothing in between', async () => {
    const turns = new Turns();
    let turned = 0;
    setImmediate(() => (turned += 1));
    for (let step = 1; step < 32; step += 1) expect(turns.next()).toBeUndefined();
    expect(turned).toBe(0);
    await turns.next();
    expect(turned).toBe(1);
  });
});
