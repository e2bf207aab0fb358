/** A stream as one client received it. */
export interface Received {
  readonly channel: string;
  readonly text: string;
  readonly state: string;
  /** Violations of the protocol: a repetition, a wrong length. */
  readonly problems: readonly string[];
  /** Bytes that are lost, as the frames showed. */
  readonly missing: number;
}

export interface StreamViolation {
  readonly class: 'wrong-text' | 'not-done' | 'gap' | 'protocol' | 'not-failed';
  readonly text: string;
}

/**
 * Checks what clients received against the texts that were written.
 * @param orphans streams whose writer was killed, with the states that their readers saw within the limit
 */
export function checkStreams(
  texts: ReadonlyMap<string, string>,
  received: readonly Received[],
  orphans: readonly { readonly channel: string; readonly state: string }[] = [],
): StreamViolation[] {
  const violations: StreamViolation[] = [];
  const add = (kind: StreamViolation['class'], text: string): void => void violations.push({ class: kind, text });
  for (const { channel, text, state, problems, missing } of received) {
    const written = texts.get(channel)!;
    if (!written.startsWith(text)) add('wrong-text', `${channel}: ${firstDifference(written, text)}`);
    else if (state === 'done' && text !== written) add('wrong-text', `${channel}: it ends at ${text.length}`);
    if (state !== 'done') add('not-done', `${channel}: ${state} at ${text.length} of ${written.length}`);
    if (missing > 0) add('gap', `${channel}: ${missing} bytes`);
    if (problems.length > 0) add('protocol', `${channel}: ${problems.slice(0, 3).join('; ')}`);
  }
  for (const { channel, state } of orphans) {
    if (state !== 'failed' && state !== 'done') add('not-failed', `${channel}: ${state}`);
  }
  return violations;
}

function firstDifference(written: string, text: string): string {
  let at = 0;
  while (at < text.length && text[at] === written[at]) at += 1;
  return `at ${at}: ${JSON.stringify(text.slice(at, at + 20))}, not ${JSON.stringify(written.slice(at, at + 20))}`;
}
