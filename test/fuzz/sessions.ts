import { setTimeout as delay } from 'node:timers/promises';
import { secondsFromNow, signToken } from '../support/jwt.js';
import type { Random } from '../support/random.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { INTERNAL, isInCatalogue, read } from './answers.js';
import { bytes, cut, frame, inPieces, oddFrame, OPCODES } from './bytes.js';
import { mutated, text } from './texts.js';

/** Time after which an answer counts as missing, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Returns the problems that one session found. */
export type Session = (port: number, random: Random) => Promise<string[]>;

/** Expires after any fuzzing run. */
const exp = secondsFromNow(7 * 86_400);
/** Signed once: a secret that must not appear in a log. */
const TOKENS = [
  ...[signToken({ sub: 'u1', exp }), signToken({ sub: 'boss', role: 'admin', exp })],
  ...['', 'rubbish', signToken({ exp: 1 })],
];
export const SECRETS = TOKENS.filter((token) => token.length > 20);

async function upgraded(port: number, random: Random): Promise<TcpClient> {
  const token = random.pick([TOKENS[0]!, TOKENS[1]!, null]);
  const client = await TcpClient.connect(port);
  client.send(upgradeRequest({ path: token === null ? '/ws' : `/ws?token=${token}` }));
  await client.until('"type":"connected"', PATIENCE_MS);
  return client;
}

const afterHandshake = (client: TcpClient): Buffer => client.bytes.subarray(client.bytes.indexOf('\r\n\r\n') + 4);

async function sendInPieces(client: TcpClient, random: Random, whole: Buffer): Promise<void> {
  for (const piece of cut(random, whole)) {
    client.send(piece);
    if (random.chance(0.1)) await new Promise(setImmediate);
  }
}

/** Every message gets an answer before the ping that follows, or ends the connection with a code of the catalogue. */
const messages: Session = async (port, random) => {
  const client = await upgraded(port, random);
  const count = Math.floor(random.between(1, 40));
  const sent: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const payload = random.chance(0.9) ? Buffer.from(text(random)) : bytes(random, Math.floor(random.between(0, 300)));
    sent.push(payload.toString('utf8', 0, 300));
    const isText = payload.length === 0 || Buffer.from(payload.toString()).equals(payload);
    const opcode = isText && random.chance(0.95) ? OPCODES.text : OPCODES.binary;
    const whole = random.chance(0.3) ? inPieces(random, opcode, payload) : frame(random, opcode, payload);
    const marker = frame(random, OPCODES.text, Buffer.from(`{"type":"ping","ref":"fuzz-${index}."}`));
    await sendInPieces(client, random, Buffer.concat([whole, marker]));
  }
  const ended = await Promise.race([
    client.until(`"fuzz-${count - 1}."`, PATIENCE_MS).then(() => false),
    client.untilClosed(PATIENCE_MS).then(() => true),
  ]).catch((error: Error) => error);
  const { answers, closeCode, problems } = read(afterHandshake(client));
  client.destroy();
  if (closeCode !== undefined && !isInCatalogue(closeCode)) problems.push(`closed with ${closeCode}`);
  if (closeCode === undefined && ended !== false) problems.push(`no answer and no close: ${String(ended)}`);
  let answered = 0;
  let next = 0;
  for (const { ref } of answers) {
    if (ref === `fuzz-${next}.`) {
      if (answered === 0) problems.push(`dropped silently: ${JSON.stringify(sent[next])}`);
      answered = 0;
      next += 1;
    } else answered += 1;
  }
  return problems;
};

/** Far over the rate limit: each frame gets an answer until the connection is closed for it. */
const flood: Session = async (port, random) => {
  const client = await upgraded(port, random);
  const one = frame(
    random,
    OPCODES.text,
    Buffer.from(random.pick(['{"type":"ping"}', 'rubbish', '{"type":"list_channels"}'])),
  );
  const ping = frame(random, OPCODES.ping, bytes(random, 10));
  const burst = Buffer.concat(Array.from({ length: 600 }, () => (random.chance(0.8) ? one : ping)));
  // The client does not answer the close, so the connection would be terminated later.
  const ends = ['rate limit exceeded', 'invalid frames'].map((reason) => client.until(reason, PATIENCE_MS));
  let over = false;
  const end = Promise.any(ends).then(
    () => (over = true),
    () => (over = true),
  );
  // If the server was blocked for seconds, the whole burst can fit the tokens saved meanwhile, and is only a flood if it continues.
  while (!over) {
    client.send(burst);
    await Promise.race([end, delay(500)]);
  }
  client.destroy();
  await Promise.allSettled(ends);
  const { closeCode, problems } = read(afterHandshake(client));
  if (closeCode !== 4503 && closeCode !== 4400) problems.push(`a flood was closed with ${closeCode}`);
  return problems;
};

/** Bytes that are not WebSocket frames: if the server closes, it uses a code of the catalogue. */
const rawBytes: Session = async (port, random) => {
  const client = await upgraded(port, random);
  let sentClose = false;
  for (let count = Math.floor(random.between(1, 20)); count > 0; count -= 1) {
    const kind = random.next();
    const good = frame(random, OPCODES.text, Buffer.from(text(random)));
    if (kind < 0.5) await sendInPieces(client, random, oddFrame(random));
    else if (kind < 0.7) client.send(bytes(random, Math.floor(random.between(1, 300))));
    else if (kind < 0.9) client.send(flipped(random, good));
    else client.send(good.subarray(0, Math.floor(random.between(0, good.length))));
    sentClose = true; // random bytes can contain a close, which the server answers with the same code
  }
  if (random.chance(0.5)) await new Promise(setImmediate);
  const { closeCode, problems } = read(afterHandshake(client));
  const isOurs = closeCode === undefined || isInCatalogue(closeCode) || sentClose;
  if (!isOurs || (closeCode !== undefined && (closeCode < 1000 || closeCode === 1006 || closeCode > 4999)))
    problems.push(`closed with ${closeCode}`);
  if (random.chance(0.5)) client.reset();
  else client.destroy();
  return problems;
};

function flipped(random: Random, whole: Buffer): Buffer {
  const copy = Buffer.from(whole);
  for (let count = Math.floor(random.between(1, 6)); count > 0; count -= 1) {
    const at = Math.floor(random.between(0, Math.min(copy.length, 40)));
    copy[at] = copy[at]! ^ (1 << Math.floor(random.between(0, 8)));
  }
  return copy;
}

/** Statuses that an invalid request can get. A 500 would be a fault of the server. */
const STATUSES = /^HTTP\/1\.1 (101|2\d\d|3\d\d|400|401|403|404|405|408|411|413|414|415|417|426|429|431|501|503|505) /;

/** An invalid handshake: the server answers with HTTP, or with an error and close code 4401. */
const handshakes: Session = async (port, random) => {
  const client = await TcpClient.connect(port);
  const token = random.pick(TOKENS);
  const request = upgradeRequest({
    path: random.pick([
      '/ws',
      `/ws?token=${token}`,
      '/ws?token=%',
      '/ws?%00',
      '//ws',
      '/',
      '/ws/../ws',
      `/ws?${'x'.repeat(9_000)}`,
    ]),
    headers: {
      ...(random.chance(0.2)
        ? { Authorization: random.pick([`Bearer ${token}`, 'Bearer', 'Basic x', `Bearer ${'x'.repeat(9_000)}`]) }
        : {}),
      ...(random.chance(0.2)
        ? { 'Sec-WebSocket-Protocol': random.pick([`token-${token}`, 'realtime.v1', 'a,,b', 'a,a', 'ä', '"']) }
        : {}),
      ...(random.chance(0.2) ? { 'Sec-WebSocket-Key': random.pick([undefined, '', 'short', 'x'.repeat(24)]) } : {}),
      ...(random.chance(0.2) ? { 'Sec-WebSocket-Version': random.pick([undefined, '', '7', '13, 13', '-1']) } : {}),
      ...(random.chance(0.2)
        ? {
            'Sec-WebSocket-Extensions': random.pick([
              'permessage-deflate',
              'x; y="',
              ';;',
              'permessage-deflate; server_max_window_bits=99',
            ]),
          }
        : {}),
      ...(random.chance(0.2)
        ? { Origin: random.pick(['null', 'http://localhost', 'https://evil.example', '\u0001']) }
        : {}),
      ...(random.chance(0.2)
        ? { 'X-Forwarded-For': random.pick(['1.1.1.1', 'rubbish', ',,,', '::1', 'x'.repeat(5_000)]) }
        : {}),
      ...(random.chance(0.1) ? { Upgrade: random.pick([undefined, 'h2c', 'websocket, h2c', 'WebSocket']) } : {}),
      ...(random.chance(0.1)
        ? { [random.pick(['Content-Length', 'Transfer-Encoding'])]: random.pick(['5', '-1', 'chunked', 'x']) }
        : {}),
    },
  });
  const whole = Buffer.from(random.chance(0.3) ? mutated(random, request) : request, 'latin1');
  await sendInPieces(client, random, random.chance(0.2) ? Buffer.concat([whole, bytes(random, 50)]) : whole);
  for (let turn = 0; turn < 3 && client.bytes.length === 0; turn += 1) await new Promise(setImmediate);
  await Promise.race([client.until('\r\n\r\n', 300), client.untilClosed(300)]).catch(() => undefined); // an incomplete request: the server waits for the rest
  client.destroy();
  const answer = client.text;
  const problems: string[] = [];
  if (answer !== '' && !STATUSES.test(answer)) problems.push(`answered by ${answer.slice(0, 200)}`);
  if (INTERNAL.test(answer)) problems.push(`internal text: ${answer.slice(0, 500)}`);
  if (answer.startsWith('HTTP/1.1 101')) problems.push(...read(afterHandshake(client)).problems);
  return problems;
};

/** Kinds of sessions. A kind that is listed twice runs twice as often. */
export const SESSIONS: readonly (readonly [name: string, run: Session])[] = [
  ['messages', messages],
  ['messages', messages],
  ['messages', messages],
  ['raw bytes', rawBytes],
  ['raw bytes', rawBytes],
  ['handshake', handshakes],
  ['handshake', handshakes],
  ['flood', flood],
];
