import { useInsertionEffect, useRef, type RefObject } from 'react';

/** A reference to what the last render that was shown brought along: a callback may change without an effect that runs anew. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useInsertionEffect(() => {
    latest.current = value;
  });
  return latest;
}
