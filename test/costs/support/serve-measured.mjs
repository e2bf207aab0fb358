// Serves the built module several times in one process, and reports its resource usage to the parent. Needs --expose-gc.
import { NestFactory } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  AuthService,
  Command,
  Input,
  RealtimeCommands,
  RealtimeModule,
  RealtimeServer,
} from '../../../dist/realtime/index.js';
import { Counters } from '../../../dist/realtime/observability/counters.js';

/** Sends application messages back. */
class EchoGateway {
  respond(data) {
    return { event: 'response', data };
  }
}
MessageBody()(EchoGateway.prototype, 'respond', 0);
SubscribeMessage('respond')(EchoGateway.prototype, 'respond', descriptorOf(EchoGateway, 'respond'));
WebSocketGateway({ path: '/ws' })(EchoGateway);

/** Commands that return their input. */
class EchoCommands {
  echo(data) {
    return data;
  }
}
Input()(EchoCommands.prototype, 'echo', 0);
Command('echo')(EchoCommands.prototype, 'echo', descriptorOf(EchoCommands, 'echo'));
Command('read', { once: false })(EchoCommands.prototype, 'echo', descriptorOf(EchoCommands, 'echo'));
RealtimeCommands()(EchoCommands);

class RootModule {}

/** name → application */
const apps = new Map();
const sockets = new Set();
/** Called when a socket of a client has closed. */
let socketClosed = () => undefined;

for (const [name, options] of Object.entries(JSON.parse(process.argv[2]))) {
  const root = {
    module: RootModule,
    imports: [RealtimeModule.forRoot(options)],
    providers: [EchoGateway, EchoCommands],
  };
  const app = await NestFactory.create(root, { logger: false });
  breakIdentification(app.get(AuthService));
  app.getHttpServer().on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      socketClosed();
    });
  });
  await app.listen(0, '127.0.0.1');
  apps.set(name, app);
}
await apps.get('draining').get(RealtimeServer).drain(0);

/** Lets a header make authentication fail like a fault of the module or of an issuer. */
function breakIdentification(auth) {
  const identify = auth.identifyClient.bind(auth);
  auth.identifyClient = async (request) => {
    const { 'x-fault': fault } = request.headers;
    if (fault === 'throws') throw new Error('a fault of the test');
    if (fault === 'hangs') await new Promise(() => undefined);
    return identify(request);
  };
}

function descriptorOf({ prototype }, name) {
  return Object.getOwnPropertyDescriptor(prototype, name);
}

function routesOf(app) {
  const { stack } = app.getHttpAdapter().getInstance().router;
  return stack.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
}

/** Counts of handshakes or frames over all applications. */
function totals(tally) {
  const sums = {};
  for (const app of apps.values()) {
    for (const [label, count] of app.get(Counters)[tally]) sums[label] = (sums[label] ?? 0) + count;
  }
  return sums;
}

/** Returns the CPU time of this process in microseconds. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function untilOpen(count) {
  while (sockets.size > count) await new Promise((resolve) => (socketClosed = resolve));
}

/** Collects garbage twice: the second time after the first one has released the memory outside the heap. */
function heldBytes() {
  globalThis.gc();
  globalThis.gc({ type: 'minor' });
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const questions = {
  async sample({ open }) {
    await untilOpen(open);
    const usedUntilNow = cpuTime();
    const held = heldBytes();
    const counts = { handshakes: totals('handshakes'), frames: totals('framesReceived') };
    return { usedUntilNow, held, ...counts, usedAfter: cpuTime() };
  },
  /** Blocks the event loop without using CPU. */
  block({ ms }) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return {};
  },
};

process.on('message', ({ question, ...parameters }) => {
  void Promise.resolve(questions[question](parameters)).then((answer) => process.send(answer));
});
process.once('disconnect', () => process.exit(0));
process.send({
  ports: Object.fromEntries([...apps].map(([name, app]) => [name, app.getHttpServer().address().port])),
  routes: routesOf(apps.get('main')),
});
