/** Receives the parts of an event stream. */
export interface EventStreamListener {
  /** The data of a block; several `data` lines are joined by line feeds. */
  data(text: string): void;
  /** A comment, which servers send as a sign of life. */
  comment(): void;
}

/**
 * Parses `text/event-stream` as the HTML standard says. Chunks can be cut anywhere, also inside a character or between
 * the two characters of a line end. Ignores `id`, `event` and `retry`: frames say the same inside their data.
 * @returns a function that takes the next chunk
 */
export function createEventStreamParser(listener: EventStreamListener): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder();
  let data: string[] = [];
  let rest = ''; // the begin of a line
  let endsWithReturn = false;

  const takeLine = (line: string): void => {
    if (line === '') {
      if (data.length > 0) listener.data(data.join('\n'));
      data = [];
      return;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (field === '') listener.comment();
    else if (field === 'data') data.push(value);
  };

  return (chunk) => {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') return;
    if (endsWithReturn && text.startsWith('\n')) text = text.slice(1);
    endsWithReturn = text.endsWith('\r');
    const [first, ...lines] = text.split(/\r\n|\n|\r/);
    lines.unshift(rest + first!);
    rest = lines.pop()!;
    for (const line of lines) takeLine(line);
  };
}
