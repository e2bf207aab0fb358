import { ToolError } from '../../asyncapi-tools/tool-error.js';
import { DONE, REFUSED, withValues, type Command } from '../command.js';
import { openConversation, type Conversation } from '../conversation.js';
import { durationText } from '../duration.js';
import { timestampOf } from '../frames.js';
import { greetingOf, type Greeting } from '../greeting.js';
import { upgradeProblem } from '../http-answer.js';
import { SERVER_OPTIONS } from '../live-options.js';
import { networkProblem } from '../network-problem.js';
import { shortened } from '../printable.js';
import { readSecret } from '../secrets.js';
import { httpAddress, socketAddress } from '../server-address.js';
import { bestOf, clockFinding, type ClockSample } from './clock.js';
import { reach } from './reach.js';
import { Report } from './report.js';
import { reportToken } from './token-step.js';

const DEFAULT_TIMEOUT_S = 5;
const PINGS = 5;
/** `Date` has whole seconds. */
const DATE_ERROR_MS = 500;

export const check: Command = {
  name: 'check',
  usage: `check [--origin <https://web.site>] [--timeout <seconds>]
      Tests the way to the server step by step: host, port, certificate, upgrade, first frame, heartbeat, clocks and
      token. Each step that fails says what to do. --origin connects as a page of that web site. Each step can take the
      timeout, 5 s by default.`,
  options: { ...SERVER_OPTIONS, ...withValues('origin', 'timeout') },
  async run(given, terminal) {
    if (given.words.length > 0) throw new ToolError('check takes no arguments, only options');
    const { origin, timeout = String(DEFAULT_TIMEOUT_S) } = given.texts;
    const timeoutMs = Number(timeout) * 1_000;
    if (!(timeoutMs > 0 && timeoutMs <= 3_600_000)) throw new ToolError('--timeout is a number of seconds, such as 5');
    if (origin !== undefined && !URL.canParse(origin))
      throw new ToolError('--origin is a web site, such as https://app.example.com');
    const url = socketAddress(given, terminal);
    const token = await readSecret('token', given, terminal);
    const report = new Report(terminal);
    await runSteps({ url, token, origin, timeoutMs }, report);
    await terminal.write(report.failures === 0 ? 'All steps passed.\n' : 'Failed. docs/troubleshooting.md has more.\n');
    return report.failures === 0 ? DONE : REFUSED;
  },
};

interface Target {
  readonly url: URL;
  readonly token: string | undefined;
  readonly origin: string | undefined;
  readonly timeoutMs: number;
}

async function runSteps({ url, token, origin, timeoutMs }: Target, report: Report): Promise<void> {
  if (!(await reach(url, timeoutMs, report))) return;
  const samples: ClockSample[] = [];
  const ofHttp = await dateOf(httpAddress(url), timeoutMs);
  if (ofHttp !== null) samples.push(ofHttp);
  const since = performance.now();
  const opening = await openConversation(url, { token, origin, timeoutMs });
  if (opening.kind === 'failed') report.failed('upgrade', networkProblem(opening.error));
  else if (opening.kind === 'refused') report.failed('upgrade', upgradeProblem(opening.answer, { origin }));
  let greeting: Greeting | null = null;
  if (opening.kind === 'open') {
    report.passed('upgrade', `HTTP 101 (${durationText(performance.now() - since)})`);
    const { conversation } = opening;
    greeting = await greetingOf(conversation, timeoutMs);
    reportFirstFrame(greeting, report);
    if (greeting.kind === 'connected')
      await measure(conversation, { timeoutMs, samples, report, heartbeatMs: greeting.connected.heartbeatMs });
    else if (greeting.kind === 'error' && greeting.sentAt !== null)
      samples.push({ server: greeting.sentAt, local: greeting.at, error: performance.now() - since });
    conversation.close();
  }
  const sample = bestOf(samples);
  if (sample !== null) {
    const finding = clockFinding(sample);
    if (typeof finding === 'string') report.passed('clock', finding);
    else report.warned('clock', finding);
  }
  reportToken({ token, greeting, sample, now: Date.now() }, report);
}

function reportFirstFrame(greeting: Greeting, report: Report): void {
  switch (greeting.kind) {
    case 'connected':
      return report.passed('first frame', 'connected');
    case 'error': // the step of the token describes it
      return report.passed('first frame', `error ${shortened(greeting.code)}`);
    case 'silent':
      return report.failed('first frame', {
        problem: 'the connection opened, but no frame came',
        advice: [
          'A proxy accepts the upgrade and does not pass on data (buffers, inspection), or another WebSocket server',
          'answers on this path. Try the address of the API without the proxy.',
        ],
      });
    case 'closed':
      return report.failed('first frame', {
        problem: `the connection was closed with ${greeting.code} ${shortened(greeting.reason)}`.trimEnd(),
        advice: ['A proxy cuts it, or another WebSocket server answers on this path.'],
      });
    case 'foreign':
      return report.failed('first frame', {
        problem: `another WebSocket server answers: ${shortened(greeting.text, 80)}`,
        advice: ['Check the path: the option path of the server is /ws by default.'],
      });
  }
}

interface Measurement {
  readonly timeoutMs: number;
  readonly samples: ClockSample[];
  readonly report: Report;
  /** Time between the pings of the server. */
  readonly heartbeatMs: number;
}

/** Measures the round trip of pings, and adds a clock sample for each answer. */
async function measure(
  conversation: Conversation,
  { timeoutMs, samples, report, heartbeatMs }: Measurement,
): Promise<void> {
  const trips: number[] = [];
  for (let ping = 1; ping <= PINGS; ping++) {
    const ref = `check-${ping}`;
    const since = performance.now();
    const sentAt = Date.now();
    conversation.send({ type: 'ping', ref });
    const sent = await answerTo(ref, conversation, timeoutMs);
    if (sent === null) {
      report.failed('heartbeat', {
        problem: `the server did not answer ping ${ping} of ${PINGS}`,
        advice: ['The connection opened and then became silent: a proxy cut it, or the server is blocked.'],
      });
      return;
    }
    const trip = performance.now() - since;
    trips.push(trip);
    if (sent.time !== null) samples.push({ server: sent.time, local: sentAt + trip / 2, error: trip / 2 + 1 });
  }
  const sorted = trips.toSorted((a, b) => a - b);
  const [fastest, median, slowest] = [sorted.at(0)!, sorted[Math.floor(PINGS / 2)]!, sorted.at(-1)!].map(durationText);
  report.passed(
    'heartbeat',
    `${PINGS} pings answered, round trip ${median} (${fastest} to ${slowest}). The read timeout of a proxy must be ` +
      `longer than ${durationText(heartbeatMs)}`,
  );
}

async function answerTo(
  ref: string,
  conversation: Conversation,
  timeoutMs: number,
): Promise<{ time: number | null } | null> {
  for (;;) {
    const message = await conversation.next(timeoutMs);
    if (message === null || message.kind === 'closed') return null;
    if (message.kind === 'frame' && message.frame['ref'] === ref) return { time: timestampOf(message.frame) };
  }
}

/** Returns the time of the header `Date`, which the server or a proxy before it sends; `null` without one. */
async function dateOf(url: URL, timeoutMs: number): Promise<ClockSample | null> {
  const sentAt = Date.now();
  try {
    const { headers, body } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const trip = Date.now() - sentAt;
    await body?.cancel();
    const date = Date.parse(headers.get('date') ?? '');
    if (!Number.isFinite(date)) return null;
    return { server: date + DATE_ERROR_MS, local: sentAt + trip / 2, error: trip / 2 + DATE_ERROR_MS };
  } catch {
    return null; // the next step describes the failure
  }
}
