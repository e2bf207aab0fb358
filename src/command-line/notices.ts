/** Messages about the progress, in order. */
export interface Notices {
  say(text: string): void;
  /** Says something about a channel. The same text about several channels at once becomes one message. */
  about(text: string, name: string): void;
  /** Writes what is waiting. */
  flush(): void;
}

/** Time in which the answers for several channels arrive. */
const GATHER_MS = 100;

/** @param write writes one message */
export function createNotices(write: (text: string) => void): Notices {
  // text → names; in the order of the first name
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
