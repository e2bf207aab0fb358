import { maxBodyBytes } from './body-limit.js';

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

describe('maxBodyBytes', () => {
  it('fits a list of 1,000 events of a few KB, or of 100 of the default size', () => {
    const event = (length: number) => ({
      channel: 'c'.repeat(256),
      data: 'x'.repeat(length),
      idempotencyKey: 'k'.repeat(256),
      tenant: 't'.repeat(64),
    });
    const limit = maxBodyBytes({ maxEventBytes: 65_536 });
    expect(limit).toBeGreaterThan(1_000 * (bytesOf(event(7_000)) + 1));
    expect(limit).toBeGreaterThan(100 * (bytesOf(event(65_534)) + 1));
  });

  it('is at most 8 MB, so that parsing does not block the event loop for seconds', () => {
    expect(maxBodyBytes({ maxEventBytes: 65_536 })).toBe(8_000_000);
    expect(maxBodyBytes({ maxEventBytes: 1 })).toBe(2_049_000);
  });

  it('is larger only for one event of maxEventBytes whose JSON is escaped', () => {
    expect(maxBodyBytes({ maxEventBytes: 16_777_216 })).toBe(16_777_216 * 3 + 2_048);
  });
});
