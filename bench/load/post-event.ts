import { request, type Agent } from 'node:http';
import { CHANNEL } from '../channel.js';
import { PUBLISH_KEY } from '../tokens.js';

const BODY = JSON.stringify({ channel: CHANNEL, data: { id: 'app-1', name: 'x'.repeat(50) } });
const HEADERS = {
  'Content-Type': 'application/json',
  'Content-Length': Buffer.byteLength(BODY),
  'X-API-Key': PUBLISH_KEY,
};

/** Publishes one event over HTTP. Rejects unless it is acknowledged. */
export function postEvent(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, path: '/realtime/events', method: 'POST', headers: HEADERS };
    const sent = request(options, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`an event was answered with ${response.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end(BODY);
  });
}
