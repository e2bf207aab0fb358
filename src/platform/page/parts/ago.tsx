import { useEffect, useState } from 'react';

const MINUTE = 60_000;
const STEPS = [
  [MINUTE, 'just now'],
  [60 * MINUTE, (ms: number) => `${Math.floor(ms / MINUTE)} min ago`],
  [24 * 60 * MINUTE, (ms: number) => `${Math.floor(ms / (60 * MINUTE))} h ago`],
] as const;

/** Formats a time relative to now, such as `5 min ago`. */
export function agoText(at: number, now: number): string {
  for (const [below, text] of STEPS) {
    if (now - at < below) return typeof text === 'string' ? text : text(now - at);
  }
  return new Date(at).toLocaleDateString();
}

/** Shows a relative time and keeps it up to date. */
export function Ago({ at }: { readonly at: string }) {
  const now = useNow(MINUTE / 2);
  return <time dateTime={at}>{agoText(Date.parse(at), now)}</time>;
}

/** Returns the current time, updated at this interval in milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
