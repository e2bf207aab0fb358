import { useState } from 'react';

/** Returns the time of the last change of a value, in milliseconds since 1970. */
export function useSince(value: unknown): number {
  const [seen, setSeen] = useState(() => ({ value, at: Date.now() }));
  if (seen.value === value) return seen.at;
  const next = { value, at: Date.now() };
  setSeen(next);
  return next.at;
}
