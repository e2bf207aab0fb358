import { useEffect, useState } from 'react';
import type { Stop } from '../client/index.js';
import { namesOf } from './channel-names.js';

interface Begun<Left> {
  readonly name: string;
  readonly of: unknown;
  /** @returns what the next beginning gets, if the component was hidden meanwhile */
  readonly stop: () => Left;
  isLeft: boolean;
}

interface StableSubscriptions<Left> {
  // name → what was begun
  readonly begun: Map<string, Begun<Left>>;
  // name → what was left when the component was hidden
  readonly left: Map<string, Left>;
  isShown: boolean;
}

/**
 * An effect for each name, which lasts if it is taken back and run again in one step: by StrictMode, by hot reload, or
 * because another name came or went. It ends a moment after it was taken back, unless it is wanted again by then, so that
 * nothing is lost that waits for it.
 * @param key the names, as of `keyOf`
 * @param of what `begin` depends on: with another one each begins anew
 * @param begin `left` is what the end returned, if the component was hidden (`<Activity>`) and is shown again
 */
export function useStableSubscriptions<Left>(
  key: string,
  of: unknown,
  begin: (name: string, left?: Left) => () => Left,
): void {
  const [lasting] = useState((): StableSubscriptions<Left> => ({ begun: new Map(), left: new Map(), isShown: false }));
  useEffect(() => {
    lasting.isShown = true;
    const begun = namesOf(key).map((name) => {
      const known = lasting.begun.get(name);
      const current: Begun<Left> =
        known !== undefined && known.of === of
          ? known
          : { name, of, stop: begin(name, lasting.left.get(name)), isLeft: false };
      current.isLeft = false;
      lasting.begun.set(name, current);
      return current;
    });
    lasting.left.clear();
    const end = (ended: Begun<Left>): void => {
      if (!ended.isLeft) return;
      ended.isLeft = false;
      if (lasting.begun.get(ended.name) === ended) lasting.begun.delete(ended.name);
      const left = ended.stop();
      if (!lasting.isShown) lasting.left.set(ended.name, left);
    };
    return () => {
      lasting.isShown = false;
      for (const each of begun) each.isLeft = true;
      void Promise.resolve().then(() => begun.forEach(end));
    };
    // `begin` is another function at each render, and does the same.
  }, [key, of, lasting]);
}

/** The same for one thing. */
export function useStableSubscription(isWanted: boolean, of: unknown, begin: () => Stop): void {
  useStableSubscriptions<void>(isWanted ? '["it"]' : '[]', of, begin);
}
