import { useEffect } from 'react';
import { usePresence, usePresenceState } from '../../../react/index.js';

/** A channel with presence only: it has no events. */
export const VIEWERS = 'users:online';

/** The place that a viewer looks at. */
export interface Looking {
  /** Title of a section. */
  readonly section: string;
  /** Name of an application in it. */
  readonly app?: string;
}

/** A user who has the page open. */
export interface Viewer {
  readonly id: string;
  /** `null` while no tab of the user is visible. */
  readonly looking: Looking | null;
}

/** Longest shown text, in characters. */
const MAX_TEXT = 60;

/** Reads the state of a viewer. Each client sets its own, so it can be anything. */
export function lookingOf(state: unknown): Looking | null {
  if (typeof state !== 'object' || state === null) return null;
  const { section, app } = state as Readonly<Record<string, unknown>>;
  if (typeof section !== 'string') return null;
  return { section: section.slice(0, MAX_TEXT), ...(typeof app === 'string' && { app: app.slice(0, MAX_TEXT) }) };
}

/** Returns the users who have the page open, including the signed-in user; `null` until the server answers. */
export function useViewers(): readonly Viewer[] | null {
  const presence = usePresence(VIEWERS);
  return presence && presence.members.map(({ userId, state }) => ({ id: userId, looking: lookingOf(state) }));
}

/** Shows others what the user looks at: the section under the pointer or with the focus, while the page is visible. */
export function useShowLooking(): void {
  const show = usePresenceState<Looking>(VIEWERS);
  useEffect(() => {
    let looking: Looking | null = null;
    const update = (): void => show(document.hidden ? null : looking);
    const follow = ({ target }: Event): void => {
      looking = placeOf(target) ?? looking;
      update();
    };
    const events = ['pointerover', 'focusin'] as const;
    for (const event of events) document.addEventListener(event, follow);
    document.addEventListener('visibilitychange', update);
    return () => {
      for (const event of events) document.removeEventListener(event, follow);
      document.removeEventListener('visibilitychange', update);
    };
  }, [show]);
}

function placeOf(target: EventTarget | null): Looking | null {
  const section = target instanceof Element ? target.closest('section[aria-labelledby]') : null;
  const title = section?.querySelector('h2')?.textContent ?? '';
  if (title === '') return null;
  const app = (target as Element).closest<HTMLElement>('[data-app]')?.dataset['app'];
  return { section: title, ...(app !== undefined && { app }) };
}
