import { connect, type Socket } from 'node:net';
import { encodeFrame, BINARY, CLOSE, CONTINUATION, TEXT } from '../realtime/support/raw-web-socket.js';
import { signToken } from '../support/jwt.js';
import { Random } from '../support/random.js';
import { upgradeRequest } from '../support/tcp.js';

/**
 * Keeps a number of clients connecting and leaving, in a separate process. They are raw sockets with prepared bytes, so that
 * one process can be thousands of clients. Arguments: port, connections. It ends with its parent, or at the message `stop`.
 */
const [port, most] = process.argv.slice(2).map(Number) as [number, number];
const random = new Random('soak');

/** Number of users, and of addresses. */
const USERS = 200;
const ADDRESSES = 50;
const UPGRADES = Array.from({ length: USERS }, (_, index) =>
  upgradeRequest({ path: `/ws?token=${signToken({ sub: `u${index}`, exp: Math.floor(Date.now() / 1000) + 86_400 })}` }),
);
const json = (frame: object): Buffer => encodeFrame(TEXT, JSON.stringify(frame));
const PING = json({ type: 'ping' });
const SUBSCRIBE = json({ type: 'subscribe', channels: ['apps:created', 'announcements'] });
const SUBSCRIBE_LARGE = json({ type: 'subscribe', channel: 'storage:updated' });
const FLOOD = Buffer.concat(Array.from({ length: 450 }, () => PING));
const BAD = [
  ...[
    encodeFrame(TEXT, 'rubbish'),
    encodeFrame(BINARY, 'x'),
    json({ type: '__proto__' }),
    encodeFrame(TEXT, '['.repeat(9_000)),
  ],
  ...[encodeFrame(TEXT, 'x'.repeat(70_000)), encodeFrame(3, 'x'), encodeFrame(TEXT, 'x', { masked: false })],
  ...[encodeFrame(CONTINUATION, 'x'), encodeFrame(TEXT, Buffer.from([0xff]))],
];
const GOODBYE = encodeFrame(CLOSE, Buffer.from([0x03, 0xe8]));

interface Kind {
  readonly share: number;
  /** Range of its connection time, in milliseconds. */
  readonly stays: readonly [from: number, to: number];
  readonly upgraded: (socket: Socket) => void;
  /** Called about every ten seconds. */
  readonly now?: (socket: Socket) => void;
}

const KINDS: readonly Kind[] = [
  {
    share: 0.88,
    stays: [5_000, 60_000],
    upgraded: (socket) => socket.write(SUBSCRIBE),
    now: (socket) => socket.write(PING),
  },
  {
    share: 0.01, // reads nothing
    stays: [60_000, 120_000],
    upgraded: (socket) => {
      socket.write(SUBSCRIBE_LARGE);
      socket.pause();
    },
    now: (socket) => socket.write(PING),
  },
  { share: 0.03, stays: [2_000, 10_000], upgraded: (socket) => socket.write(FLOOD) },
  { share: 0.05, stays: [2_000, 10_000], upgraded: (socket) => BAD.forEach((bytes) => socket.write(bytes)) },
  { share: 0.03, stays: [10_000, 40_000], upgraded: (socket) => socket.write(PING.subarray(0, 4)) }, // never complete
];

function kind(): Kind {
  let at = random.next();
  return KINDS.find(({ share }) => (at -= share) < 0) ?? KINDS[0]!;
}

const open = new Set<Socket>();
const figures = { opened: 0, refused: 0 };
let stopping = false;

function come(): void {
  const { upgraded, now, stays } = kind();
  const localAddress = `127.0.0.${2 + Math.floor(random.between(0, ADDRESSES))}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  open.add(socket);
  const timers: NodeJS.Timeout[] = [];
  socket.on('error', () => undefined);
  socket.once('connect', () => socket.write(random.pick(UPGRADES)));
  socket.once('data', (answer: Buffer) => {
    if (!answer.subarray(0, 12).toString().endsWith('101')) figures.refused += 1;
    figures.opened += 1;
    upgraded(socket);
    if (now !== undefined) timers.push(setInterval(() => now(socket), random.between(5_000, 9_000)));
  });
  socket.on('data', () => undefined);
  timers.push(setTimeout(() => leave(socket), random.between(...stays)));
  socket.once('close', () => {
    timers.forEach(clearTimeout);
    open.delete(socket);
  });
}

/** Ends a connection as clients do: with a close frame, without one, or with a reset. */
function leave(socket: Socket): void {
  const how = random.next();
  if (how < 0.5) socket.end(GOODBYE);
  else if (how < 0.8) socket.destroy();
  else socket.resetAndDestroy();
  setTimeout(() => socket.destroy(), 2_000);
}

/** Runs twenty times a second, and opens no more connections at once than a machine with two processors can accept. */
const coming = setInterval(() => {
  for (let count = 0; count < 25 && open.size < most && !stopping; count += 1) come();
}, 50);
setInterval(() => process.send?.({ ...figures, open: open.size }), 1_000);

process.on('message', () => {
  stopping = true;
  clearInterval(coming);
  for (const socket of open) leave(socket);
});
process.once('disconnect', () => process.exit(0));
