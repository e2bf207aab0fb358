/** Messages about the progress, in order. */
export interface Notices {
  say(text: string): void;
  /** Adds a message about a channel. The same text about several channels becomes one message. */
  about(text: string, name: string): void;
  /** Writes the pending messages. */
  flush(): void;
}

/** Time to wait for the same text about further channels, in milliseconds. */
const GATHER_MS = 100;

/** @param write writes one message */
export function createNotices(write: (text: string) => void): Notices {
  // text → channels that it is about
  const waiting = new Map<string, string[]>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [text, names] of waiting) write(`${names.join(', ')}: ${text}`);
    waiting.clear();
  };
  return {
    flush,
    say(text) {
      flush();
      write(text);
    },
    about(text, name) {
      const names = waiting.get(text) ?? [];
      if (!names.includes(name)) names.push(name);
      waiting.set(text, names);
      timer ??= setTimeout(flush, GATHER_MS);
    },
  };
}
