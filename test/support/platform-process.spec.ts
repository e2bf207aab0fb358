import { PlatformProcess } from './platform-process.js';

describe('PlatformProcess', () => {
  it('rejects with the output of the platform if it refuses to start', async () => {
    const start = PlatformProcess.start({ env: { PORT: 'no port' } });
    await expect(start).rejects.toThrow(/before it was ready:\n(.|\n)*PORT/);
  });
});
