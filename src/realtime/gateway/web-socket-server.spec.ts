import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { webSocketServer } from './web-socket-server.js';

const optionsOf = (given: Partial<ResolvedRealtimeOptions> = {}): object =>
  webSocketServer(Object.assign(new ResolvedRealtimeOptions(), given)).options;

describe('webSocketServer', () => {
  it('has the limits of the options, and leaves pings to the gateway', () => {
    expect(optionsOf({ maxFrameBytes: 65_536, maxFragments: 7, closeTimeoutMs: 900 })).toMatchObject({
      noServer: true,
      clientTracking: false,
      autoPong: false,
      perMessageDeflate: false,
      maxPayload: 65_536,
      maxFragments: 7,
      maxBufferedChunks: 512,
      closeTimeout: 900,
    });
  });

  it('accepts a small frame in any pieces', () => {
    expect(optionsOf({ maxFrameBytes: 1_000 })).toMatchObject({ maxBufferedChunks: 256 });
    expect(optionsOf({ maxFrameBytes: 65_537 })).toMatchObject({ maxBufferedChunks: 513 });
  });

  it('compresses without context, so that frames can be shared', () => {
    expect(optionsOf({ compression: true })).toMatchObject({
      perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    });
  });
});
