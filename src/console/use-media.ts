import { useSyncExternalStore } from 'react';

export const DARK = '(prefers-color-scheme: dark)';
/** The width below which the stylesheet arranges tables for a phone. */
export const PHONE = '(max-width: 48rem)';

const queries = new Map<string, MediaQueryList>();

/** Returns true while a media query matches. */
export function useMedia(query: string): boolean {
  const media = queries.get(query) ?? matchMedia(query);
  queries.set(query, media);
  return useSyncExternalStore(
    (changed) => {
      media.addEventListener('change', changed);
      return () => media.removeEventListener('change', changed);
    },
    () => media.matches,
  );
}
