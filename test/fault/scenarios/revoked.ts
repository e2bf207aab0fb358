import { WebSocket } from 'ws';
import { setTimeout as delay } from 'node:timers/promises';
import { SingleBackend } from '../backends/single.js';
import type { Instance } from '../instance.js';
import { secondsFromNow, signToken } from '../../support/jwt.js';
import { scenario } from './scenario.js';

const ADMIN = signToken({ sub: 'operator', role: 'admin', exp: secondsFromNow(7_200) });

/** Result of connecting with a token: `open`, `refused` if the token is not accepted, otherwise `no answer`. */
type Admission = 'open' | 'refused' | 'no answer';

/**
 * A token is revoked, Redis loses all its data, and a new instance starts that never received the revocation: it must
 * never accept the token.
 */
export const revokedThenFlushed = scenario<SingleBackend>({
  name: 'revoked-then-flushed',
  redisMayLose: true,
  options: { env: { REALTIME_OPERATOR_API: 'true' } },
  backend: (instances, random) => SingleBackend.start(instances, random),
  async round(world) {
    const { random, complaints, backend } = world;
    const [first, ...others] = world.instances as [Instance, ...Instance[]];
    const fresh = random.pick(others);
    const token = signToken({ sub: `revoked ${world.log.faults.length}`, exp: secondsFromNow(7_200) });
    if ((await admission(first, token)) !== 'open') complaints.push('A token was refused before it was revoked');
    await world.fault('revoked and flushed', async () => {
      await fresh.kill();
      await revoke(first, token, complaints);
      const over = new AbortController();
      const watching = watch(fresh, token, over.signal, complaints);
      const started = fresh.start();
      await Promise.all([started, world.calm(random.between(0, 3_000)).then(() => backend.node.command('FLUSHALL'))]);
      await world.calm(1_000);
      over.abort();
      if ((await watching) === 0) complaints.push(`${fresh.name} refused no connection: the token was not tried`);
    });
  },
});

async function revoke(instance: Instance, token: string, complaints: string[]): Promise<void> {
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string };
  const url = `${instance.httpUrl}/realtime/users/${encodeURIComponent(sub)}/revoke`;
  const response = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${ADMIN}` } });
  if (!response.ok) complaints.push(`A revocation was answered ${response.status} ${await response.text()}`);
}

/** Connects repeatedly, from before the instance listens. @returns the number of refusals */
async function watch(instance: Instance, token: string, over: AbortSignal, complaints: string[]): Promise<number> {
  let refused = 0;
  while (!over.aborted) {
    const result = await admission(instance, token);
    if (result === 'open')
      complaints.push(`${instance.name} accepted a revoked token ${instance.up ? 'when' : 'before'} it was ready`);
    if (result === 'refused') refused += 1;
    await delay(20);
  }
  return refused;
}

function admission({ port }: Instance, token: string): Promise<Admission> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, {
    headers: { Authorization: `Bearer ${token}` },
    handshakeTimeout: 5_000,
  });
  return new Promise((resolve) => {
    const end = (result: Admission): void => {
      resolve(result);
      socket.terminate();
    };
    socket.on('error', () => end('no answer'));
    socket.once('unexpected-response', (_request, { statusCode }) => end(statusCode === 401 ? 'refused' : 'no answer'));
    socket.once('close', (code) => end(code === 4401 || code === 4403 ? 'refused' : 'no answer'));
    socket.on('message', (data: Buffer) => {
      if ((JSON.parse(data.toString()) as { type: string }).type === 'connected') end('open');
    });
  });
}
