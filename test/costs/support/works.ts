import { upgradeRequest } from '../../support/tcp.js';
import type { Cost } from './budget.js';
import type { FrameRow } from './frame-rows.js';
import type { HandshakeRow } from './handshake-rows.js';
import type { MeasuredServer } from './measured-server.js';
import { exchange, stay, type MeteredClient, type Traffic } from './metered.js';
import { pathOf, type RestRequest } from './route-rows.js';

/** Sends the frames of a row on each connection. */
export async function sendFrames(
  { frames, answersEach = false }: FrameRow,
  clients: readonly MeteredClient[],
  units: number,
  repeat: number,
): Promise<Traffic> {
  const before = sum(clients.map(({ traffic }) => traffic));
  for (const [index, client] of clients.entries()) {
    const answers = client.received;
    let sent = 0;
    for (let count = 0; count < repeat; count += 1) {
      // On one connection, the index numbers the frames. On several, it selects the connection's user.
      const number = clients.length > 1 ? index : units * 1_000 + count;
      for (const frame of frames(units, number)) {
        client.send(frame);
        sent += 1;
      }
    }
    await (answersEach ? client.untilReceived(answers + sent) : client.fence());
  }
  return difference(sum(clients.map(({ traffic }) => traffic)), before);
}

/** Handshakes in batches of ten. */
export async function shakeHands(
  server: MeasuredServer,
  {
    request,
    app = 'main',
    status,
    wanted,
    staysOpen = false,
    blocked = false,
    recovers = false,
    count = 30,
    portion = 10,
  }: HandshakeRow,
  padding: number,
  round: number,
  kept: { destroy(): void }[],
): Promise<Traffic> {
  const all: Traffic[] = [];
  const [first, end] = [round * count, (round + 1) * count];
  for (let index = first; index < end; index += portion) {
    if (blocked) await server.block(120);
    const answers = Array.from({ length: Math.min(portion, end - index) }, async (_, number) => {
      const { headers, ...rest } = request(index + number);
      const text = upgradeRequest({ ...rest, headers: { ...headers, 'X-Padding': 'x'.repeat(padding) } });
      const isEnd = (answer: string) => wanted !== undefined && answer.includes(wanted);
      const answer = await (staysOpen ? stay : exchange)(server.ports[app]!, text, isEnd);
      if (!recovers && round > 0) expect(answer.status).toBe(Number(status));
      if ('socket' in answer) kept.push(answer.socket);
      return answer;
    });
    all.push(...(await Promise.all(answers)));
  }
  return sum(all);
}

/** Sends one request, and expects its status. */
export async function call(
  server: MeasuredServer,
  route: string,
  { path = pathOf(route), headers = {}, body = '' }: RestRequest,
  status: string,
): Promise<Traffic> {
  const lines = Object.entries({
    Host: 'localhost',
    Connection: 'close',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${route.split(' ')[0]} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  const answer = await exchange(server.ports['main']!, head + body);
  expect(`${answer.status} ${answer.text.slice(-300)}`).toMatch(new RegExp(`^(?:${status}) `));
  return answer;
}

export function sum(all: readonly Traffic[]): Traffic {
  return all.reduce((total, one) => ({
    bytesIn: total.bytesIn + one.bytesIn,
    bytesOut: total.bytesOut + one.bytesOut,
  }));
}

export function difference(after: Traffic, before: Traffic): Traffic {
  return { bytesIn: after.bytesIn - before.bytesIn, bytesOut: after.bytesOut - before.bytesOut };
}

/** Prints the measurements, to choose a budget. */
export function report(name: string, costs: readonly Cost[]): void {
  if (process.env['SHOW_COSTS'] === undefined) return;
  const line = costs.map(({ requests, bytesIn, bytesOut, cpu, memory, keys }) => {
    const each = (value: number) => Math.round(value / requests);
    return `in ${each(bytesIn)} out ${each(bytesOut)} (${(bytesOut / bytesIn).toFixed(2)}/B) cpu ${each(cpu)} (${(cpu / bytesIn).toFixed(2)}/B) mem ${each(memory)} (${(memory / bytesIn).toFixed(1)}/B) keys ${keys}`;
  });
  process.stderr.write(`${name}\n   ${line.join('\n   ')}\n`);
}
