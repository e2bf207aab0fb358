import { TcpClient } from '../support/tcp.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

const ADDRESSES = ['http://host:99999/realtime/console/', 'http://:80/realtime/console/', '//[/realtime/console/'];

describe.each(['express', 'fastify'] as const)('the address of the console (%s)', (http) => {
  it.each(ADDRESSES)('causes no error if it cannot be parsed as a URL: %s', async (address) => {
    const app = await RealtimeApp.start({ console: true, operatorApi: true }, { http });
    const client = await TcpClient.connect(app.port);
    client.send(`GET ${address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const status = (await client.untilClosed()).split('\r\n')[0]!;
    expect(status).toMatch(/^HTTP\/1\.1 [34]\d\d /);
    expect(app.log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
    await app.close();
  });
});
