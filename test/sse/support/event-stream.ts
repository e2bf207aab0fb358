/** A message that an `EventSource` dispatches. */
export interface StreamMessage {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

/**
 * Interprets a stream of server-sent events as the HTML standard says (9.2.6, "Interpreting an event stream"). It shares no code
 * with the module, so that it can check it.
 */
export class EventStreamReader {
  /** Id with which an `EventSource` would reconnect. */
  lastEventId = '';
  /** Time to reconnect in milliseconds; `null` before the first `retry`. */
  retryMs: number | null = null;
  readonly comments: string[] = [];
  readonly messages: StreamMessage[] = [];
  private readonly decoder = new TextDecoder();
  private rest = '';
  private isFirst = true;
  private data = '';
  private type = '';
  private idBuffer = '';

  push(bytes: Uint8Array): void {
    this.rest += this.decoder.decode(bytes, { stream: true });
    if (this.isFirst && this.rest !== '') {
      this.isFirst = false;
      if (this.rest.startsWith('\uFEFF')) this.rest = this.rest.slice(1);
    }
    for (;;) {
      const end = /\r\n|\r(?!$)|\n/.exec(this.rest);
      if (end === null) return;
      const line = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      this.line(line);
    }
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) {
      this.comments.push(line.slice(1));
      return;
    }
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data += `${value}\n`;
    else if (field === 'id' && !value.includes('\0')) this.idBuffer = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  private dispatch(): void {
    this.lastEventId = this.idBuffer;
    if (this.data !== '') {
      const message = { type: this.type === '' ? 'message' : this.type, data: this.data.slice(0, -1) };
      this.messages.push({ ...message, lastEventId: this.lastEventId });
    }
    this.data = '';
    this.type = '';
  }
}
