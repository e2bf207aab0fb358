// The built platform on TCP, TLS and a Unix socket. Arguments: a certificate and its key as files, and the path of the socket.
import { NestFactory } from '@nestjs/core';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { configureHttp } from '../../dist/platform/http/configure-http.js';
import { TwoPortAdapter } from '../../dist/platform/http/two-port.adapter.js';
import { PlatformModule } from '../../dist/platform/platform.module.js';
import { RealtimeServer } from '../../dist/realtime/index.js';

const [cert, key, path] = process.argv.slice(2);
const adapter = new TwoPortAdapter();
const app = await NestFactory.create(PlatformModule, adapter, { bodyParser: false, logger: ['error', 'warn'] });
configureHttp(app);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');

const realtime = app.get(RealtimeServer);
const tls = adapter.createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) });
const unix = createServer(app.getHttpAdapter().getInstance());
for (const server of [tls, unix]) realtime.attach(server);
tls.listen(0, '127.0.0.1');
unix.listen(path);
await Promise.all([once(tls, 'listening'), once(unix, 'listening')]);

/** Number of open connections of each server. */
const count = (server) =>
  new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections)));
const servers = { tcp: app.getHttpServer(), tls, unix };
const report = async () => {
  const open = {};
  for (const [name, server] of Object.entries(servers)) open[name] = await count(server);
  process.send({ open });
};
process.on('message', () => void report());
process.on('disconnect', () => process.exit(0));
process.send({ tcp: servers.tcp.address().port, tls: tls.address().port });
