import assert from 'node:assert/strict';
import { CLOSE_CODES } from '../../src/protocol/index.js';
import { signToken } from '../support/jwt.js';
import { connect } from '../support/ws-client.js';
import type { Exit } from '../support/child.js';

/** A running application. */
export interface Served {
  /** `http://127.0.0.1:8888` */
  readonly url: string;
  /** Asks it to end, and resolves once it has ended. */
  end(): Promise<Exit>;
}

const USER = signToken({ sub: 'u1' });
const ADMIN = `Bearer ${signToken({ sub: 'boss', role: 'admin' })}`;

/** Steps that every combination must pass, in order. Each throws if it fails. */
export const SMOKE: Readonly<Record<string, (served: Served) => Promise<void>>> = {
  async 'connects with a token, and receives its identity'({ url }) {
    const client = await connect(wsOf(url), { token: USER });
    assert.equal((await client.next('connected')).user?.userId, 'u1');
    await client.close();
    const stranger = await connect(wsOf(url), { token: `${USER}x` });
    assert.equal((await stranger.next('error')).code, 'token_invalid');
    await stranger.whenClosed();
  },

  async 'authenticates in band'({ url }) {
    const client = await connect(wsOf(url));
    const answer = await client.ask({ type: 'auth', token: USER });
    assert.ok(answer.type === 'connected' || answer.type === 'authenticated', JSON.stringify(answer));
    await client.close();
  },

  async 'subscribes, refuses, delivers, and resumes'({ url }) {
    const client = await connect(wsOf(url), { header: `Bearer ${USER}` });
    assert.equal((await client.ask({ type: 'subscribe', channel: 'apps:created' })).type, 'subscribed');
    const refusal = await client.ask({ type: 'subscribe', channel: 'system:health' });
    assert.equal(refusal.type === 'error' && refusal.code, 'forbidden');
    await publish(url, 'one');
    const { id, data } = await client.next('event');
    assert.deepEqual(data, { id: '1', name: 'one' });
    client.terminate();
    await client.closed;
    await publish(url, 'two');
    const back = await connect(wsOf(url), { token: USER });
    const answer = await back.ask({ type: 'subscribe', channel: 'apps:created', lastEventId: id });
    assert.equal(answer.type === 'subscribed' && answer.recovered, true);
    assert.deepEqual((await back.next('event')).data, { id: '1', name: 'two' });
    await back.expectNone('event');
    await back.close();
  },

  async 'answers health, metrics, the console, and operators'({ url }) {
    assert.match(await textOf(url, '/health/ready'), /"status":"ok"/);
    assert.match(await textOf(url, '/metrics'), /^realtime_handshakes\S* [1-9]/m);
    const page = await textOf(url, '/realtime/console');
    const [, script] = /<script[^>]+src="([^"]+\.js)"/.exec(page) ?? [];
    const { pathname } = new URL(script ?? assert.fail(`no script in ${page}`), `${url}/realtime/console`);
    assert.ok((await textOf(url, pathname)).length > 10_000);
    assert.match(await textOf(url, '/realtime/stats'), /"instances"/);
    assert.equal(await textOf(url, '/realtime/asyncapi'), page);
    assert.match(await textOf(url, '/realtime/asyncapi.json'), /"asyncapi":"3\./);
  },

  async 'drains and ends on SIGTERM'(served) {
    const client = await connect(wsOf(served.url), { token: USER });
    await client.next('connected');
    const ended = served.end();
    await client.next('reconnect');
    assert.equal((await client.whenClosed()).code, CLOSE_CODES.restarting.code);
    const { code, signal } = await ended;
    assert.ok(code === 0 || signal === 'SIGTERM', `it ended with ${code ?? signal}`);
  },
};

const wsOf = (url: string): string => `${url.replace('http', 'ws')}/ws`;

async function textOf(url: string, path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { Authorization: ADMIN } });
  const text = await response.text();
  assert.equal(response.status, 200, `${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

async function publish(url: string, name: string): Promise<void> {
  const response = await fetch(`${url}/realtime/events`, {
    method: 'POST',
    headers: { Authorization: ADMIN, 'Content-Type': 'application/json' },
    body: JSON.stringify({ channel: 'apps:created', data: { id: '1', name } }),
  });
  assert.equal(response.status, 201, await response.text());
}
