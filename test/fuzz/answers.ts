import { CLOSE_CODES, ERROR_CODES, type ServerFrame } from '../../src/protocol/index.js';
import { decodeFrames } from '../realtime/support/raw-web-socket.js';

const CLOSES: ReadonlySet<number> = new Set(Object.values(CLOSE_CODES).map(({ code }) => code));

/** Types of frames that are not answers. */
const UNASKED: ReadonlySet<ServerFrame['type']> = new Set([
  'event',
  'presence_diff',
  'resync',
  'reconnect',
  'connected',
  'state',
  'state_error',
  'stream',
]);
const ANSWERS: ReadonlySet<string> = new Set<ServerFrame['type']>([
  ...(['subscribed', 'unsubscribed', 'pong', 'error', 'channels', 'stats', 'authenticated', 'presence'] as const),
  'history',
  'presence_updated',
  'occupancy',
  'result',
  'progress',
  'stream_cancelled',
]);

/** Internal text that no client should see. */
export const INTERNAL =
  /\bat .+\(.+:\d+:\d+\)|node_modules|\.[jt]s:\d+|\b(Type|Range|Reference|Syntax)?Error: |Cannot read|is not a function|undefined/;

export interface Received {
  /** The `ref`s and types of the answers, in order. */
  readonly answers: { readonly type: string; readonly ref?: string }[];
  readonly closeCode?: number;
  /** Violations of the protocol. */
  readonly problems: string[];
}

/** Parses the bytes that a server sent after its 101, and lists violations of the protocol. */
export function read(bytes: Buffer): Received {
  const answers: { type: string; ref?: string }[] = [];
  const problems: string[] = [];
  let closeCode: number | undefined;
  for (const { opcode, payload } of decodeFrames(bytes)) {
    if (opcode === 8) closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    else if (opcode === 1) {
      const text = payload.toString();
      const frame = parse(text);
      if (frame === null) {
        problems.push(`no frame of the protocol: ${text.slice(0, 300)}`);
        continue;
      }
      if (frame.type === 'error') {
        if (!Object.hasOwn(ERROR_CODES, frame.code))
          problems.push(`an error code that is not in the catalogue: ${text}`);
        if (frame.code === 'internal') problems.push(`an internal error: ${text}`);
        if (INTERNAL.test(frame.message)) problems.push(`internal text: ${text}`);
      }
      if (!UNASKED.has(frame.type)) answers.push(frame);
    } else if (opcode !== 9 && opcode !== 10) problems.push(`a frame with opcode ${opcode}`);
  }
  return { answers, problems, ...(closeCode === undefined ? {} : { closeCode }) };
}

/** Returns true if the server is allowed to close with this code. */
export function isInCatalogue(code: number): boolean {
  return CLOSES.has(code);
}

type Answer = { type: ServerFrame['type']; ref?: string; code: string; message: string };

function parse(text: string): Answer | null {
  try {
    const frame = JSON.parse(text) as Answer & { timestamp: string };
    const known = ANSWERS.has(frame.type) || UNASKED.has(frame.type);
    return known && (frame.type === 'stream' || /^\d{4}-.+Z$/.test(frame.timestamp)) ? frame : null;
  } catch {
    return null;
  }
}
