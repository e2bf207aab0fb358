import { useState } from 'react';

/** When this value came, in milliseconds. */
export function useSince(value: unknown): number {
  const [seen, setSeen] = useState(() => ({ value, at: Date.now() }));
  if (seen.value === value) return seen.at;
  const next = { value, at: Date.now() };
  setSeen(next);
  return next.at;
}
