import { useEffect, useState } from 'react';
import type { Stop } from '../client/index.js';
import { namesOf } from './channel-names.js';

interface Begun {
  readonly name: string;
  readonly of: unknown;
  readonly stop: Stop;
  isLeft: boolean;
}

/**
 * An effect for each name, which lasts where it is taken back and run again in one step: by StrictMode, by hot reload, or
 * because another name came or went. It ends a moment after it was taken back, unless it is wanted again by then, so that
 * nothing is lost that waits for it.
 * @param key the names, as of `keyOf`
 * @param of what `begin` depends on: with another one each begins anew
 */
export function useLasting(key: string, of: unknown, begin: (name: string) => Stop): void {
  const [lasting] = useState(() => new Map<string, Begun>());
  useEffect(() => {
    const begun = namesOf(key).map((name) => {
      const known = lasting.get(name);
      const own: Begun =
        known !== undefined && known.of === of ? known : { name, of, stop: begin(name), isLeft: false };
      own.isLeft = false;
      lasting.set(name, own);
      return own;
    });
    const end = (own: Begun): void => {
      if (!own.isLeft) return;
      own.isLeft = false;
      if (lasting.get(own.name) === own) lasting.delete(own.name);
      own.stop();
    };
    return () => {
      for (const own of begun) own.isLeft = true;
      void Promise.resolve().then(() => begun.forEach(end));
    };
    // `begin` is another function at each render, and does the same.
  }, [key, of]);
}
