import { ToolError } from '../asyncapi-tools/tool-error.js';
import { DONE, REFUSED, withValues, type Command, type Given } from './command.js';
import { SERVER_OPTIONS } from './live-options.js';
import { mayHaveArrived, networkProblem } from './network-problem.js';
import { describeAnswer, type PublishAnswer } from './publish-answer.js';
import { readSecret } from './secrets.js';
import { eventsAddress, socketAddress } from './server-address.js';
import type { Terminal } from './terminal.js';

/** Longer than the time that the server waits for Redis. */
const TIMEOUT_MS = 30_000;

export const publish: Command = {
  name: 'publish',
  usage: `publish <channel> <data> [--key <key>] [--idempotency-key <text>] [--path /realtime/events] [--json]
      Publishes one event over HTTP, with a publishing key or the token of an administrator, and prints its id. The data
      is JSON, or - to read it from the standard input. --path is for applications with a global prefix.`,
  options: {
    ...SERVER_OPTIONS,
    ...withValues('key', 'idempotency-key', 'path'),
    json: { type: 'boolean' },
  },
  async run(given, terminal) {
    const [channel, data] = given.words;
    if (channel === undefined || data === undefined || given.words.length > 2)
      throw new ToolError(`publish takes a channel and its data as one argument of JSON, not ${given.words.length}`);
    const { 'idempotency-key': idempotencyKey, path, tenant } = given.texts;
    const url = eventsAddress(
      socketAddress({ ...given, texts: { ...given.texts, tenant: undefined } }, terminal),
      path,
    );
    const headers = await credentials(given, terminal, data === '-');
    const body = JSON.stringify({ channel, data: await readData(data, terminal), idempotencyKey, tenant });
    const outcome = describeAnswer(await send(url, headers, body), { hasIdempotencyKey: idempotencyKey !== undefined });
    if ('problem' in outcome) {
      terminal.writeError(`${outcome.problem}\n`);
      return REFUSED;
    }
    await terminal.write(`${given.flags.has('json') ? outcome.json : outcome.id}\n`);
    return DONE;
  },
};

/** A secret on the command line wins over variables, and a key over a token. */
async function credentials(given: Given, terminal: Terminal, readsData: boolean): Promise<Record<string, string>> {
  const { token, key } = given.texts;
  if (token !== undefined && key !== undefined) throw new ToolError('use --key or --token, not both');
  if (readsData && (token ?? key) === '-')
    throw new ToolError('the standard input is the data: pass the secret otherwise');
  const usedKey = token === undefined ? await readSecret('key', given, terminal) : undefined;
  if (usedKey !== undefined) return { 'X-API-Key': usedKey };
  const usedToken = await readSecret('token', given, terminal);
  if (usedToken !== undefined) return { Authorization: `Bearer ${usedToken}` };
  throw new ToolError('publish needs REALTIME_KEY or --key, or REALTIME_TOKEN or --token of an administrator');
}

async function readData(data: string, terminal: Terminal): Promise<unknown> {
  const text = data === '-' ? await terminal.input() : data;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const hint = 'A string is JSON in double quotes, for the shell: \'"text"\'';
    throw new ToolError(`the data is not JSON: ${(error as Error).message}. ${hint}`, { cause: error });
  }
}

async function send(url: URL, headers: Record<string, string>, body: string): Promise<PublishAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Type': 'application/json' },
      body,
      redirect: 'manual', // a key must not go to another host
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  } catch (error) {
    return { failed: networkProblem(error), mayHaveArrived: mayHaveArrived(error) };
  }
}
