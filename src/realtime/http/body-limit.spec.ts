import { maxBodyBytes } from './body-limit.js';

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('maxBodyBytes', () => {
  it('fits a full batch of events of the default size', () => {
    const event = {
      channel: 'c'.repeat(256),
      data: 'x'.repeat(65_534),
      idempotencyKey: 'k'.repeat(256),
      tenant: 't'.repeat(64),
    };
    expect(maxBodyBytes({ maxEventBytes: 65_536 })).toBeGreaterThan(1_000 * (bytesOf(event) + 1));
  });

  it('never exceeds 68 MB, whatever maxEventBytes is', () => {
    expect(maxBodyBytes({ maxEventBytes: 16_777_216 })).toBe(68_000_000);
    expect(maxBodyBytes({ maxEventBytes: 1 })).toBe(2_049_000);
  });
});
