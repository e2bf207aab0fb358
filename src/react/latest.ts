import { useInsertionEffect, useRef, type RefObject } from 'react';

/** Returns a ref to the value of the last committed render: a callback can change without running an effect again. */
export function useLatest<T>(value: T): RefObject<T> {
  const latest = useRef(value);
  useInsertionEffect(() => {
    latest.current = value;
  });
  return latest;
}
