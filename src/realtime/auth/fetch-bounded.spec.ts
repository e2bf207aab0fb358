import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchBounded } from './fetch-bounded.js';

describe('fetchBounded', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer(({ url: path }, response) => {
      response.writeHead(path === '/gone' ? 404 : 200);
      if (path === '/empty') response.end();
      else if (path === '/endless') response.write('x'.repeat(11));
      else response.end('x'.repeat(10));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('returns a body up to the limit', async () => {
    expect(await (await fetchBounded(`${url}/`, {}, 10)).text()).toBe('x'.repeat(10));
    expect(await (await fetchBounded(`${url}/empty`, {}, 10)).text()).toBe('');
  });

  it('rejects a longer body without waiting for its end', async () => {
    await expect(fetchBounded(`${url}/`, {}, 9)).rejects.toThrow('The response is longer than 9 bytes');
    await expect(fetchBounded(`${url}/endless`, {}, 10)).rejects.toThrow('longer than 10 bytes');
  });

  it('returns the status of a failure, without its body', async () => {
    const response = await fetchBounded(`${url}/gone`, {}, 10);
    expect([response.status, await response.text()]).toEqual([404, '']);
  });
});
