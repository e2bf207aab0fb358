import { PlatformProcess } from './platform-process.js';

describe('PlatformProcess', () => {
  it('is ready when it resolves, and ends with code 0', async () => {
    const platform = await PlatformProcess.start({ env: { TLS_PORT: '0' } });
    const ready = await fetch(`${platform.url}/health/ready`);
    expect(ready.status).toBe(200);
    await expect(platform.stop()).resolves.toBe(0);
    await expect(fetch(`${platform.url}/health/ready`)).rejects.toThrow('fetch failed');
  });

  it('rejects with the output of the platform if it refuses to start', async () => {
    const start = PlatformProcess.start({ env: { PORT: 'no port' } });
    await expect(start).rejects.toThrow(/before it was ready:\n(.|\n)*PORT/);
  });
});
