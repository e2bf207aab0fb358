import { useEffect, useState } from 'react';
import type { Stop } from '../client/index.js';
import { namesOf } from '../bindings/channel-names.js';

interface Begun<Left> {
  readonly name: string;
  readonly of: unknown;
  /** @returns the state that the next `begin` gets if the component was hidden meanwhile */
  readonly stop: () => Left;
  isLeft: boolean;
}

interface StableSubscriptions<Left> {
  // name → the running effect
  readonly begun: Map<string, Begun<Left>>;
  // name → the state that was kept when the component was hidden
  readonly left: Map<string, Left>;
  isShown: boolean;
}

/**
 * Runs one effect per name. An effect survives if React cleans it up and runs it again in one step: in StrictMode, at
 * hot reload, or because another name was added or removed. Cleanup is deferred by a microtask and skipped if the
 * effect is wanted again, so that waiting events are not lost.
 * @param key the names, from `keyOf`
 * @param of dependency of `begin`: if it changes, each effect restarts
 * @param begin gets as `left` the value that the cleanup returned, if the component was hidden (`<Activity>`) and is
 *   shown again
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
    // `begin` is a new function in each render, but always does the same.
  }, [key, of, lasting]);
}

/** Runs a single stable effect. */
export function useStableSubscription(isWanted: boolean, of: unknown, begin: () => Stop): void {
  useStableSubscriptions<void>(isWanted ? '["it"]' : '[]', of, begin);
}
