import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from '../../../test/support/certificate.js';
import { TcpClient } from '../../../test/support/tcp.js';
import { TwoPortAdapter } from './two-port.adapter.js';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n';

describe('a request whose body does not arrive', () => {
  const adapter = new TwoPortAdapter(2_000);
  const open = async (server: Pick<Server, 'listen' | 'address'> & NodeJS.EventEmitter): Promise<number> => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  afterAll(() => adapter.close());

  it('gets 408 in time on both ports, and a complete one gets its response', async () => {
    adapter.initHttpServer();
    const port = await open(adapter.getHttpServer() as Server);
    const tlsPort = await open(adapter.createTlsServer(await makeCertificate()));
    for (const client of [await TcpClient.connect(port), await TcpClient.connect(tlsPort, { tls: true })]) {
      client.send(`${HEAD}abc${HEAD}a`);
      const answers = await client.untilClosed();
      expect([...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)).toEqual(['404', '408']);
    }
  });
});
