import { Exclude, Expose, Type } from 'class-transformer';

/** A value that only admins can see begins with this. */
export const SECRET = 'SECRET';
/** A value that no client can see. */
export const HASH = 'HASHED';

class Card {
  title!: string;

  @Expose({ groups: ['admin'] })
  salary?: string;

  @Exclude()
  hash?: string;
}

/** A state with fields for some roles. */
export class Restricted {
  name!: string;

  @Type(() => Card)
  cards!: Map<string, Card>;

  @Expose({ groups: ['admin'] })
  budget?: { limit: string };
}

/** A state whose fields are for all. Its clients resume with patches. */
export class Open {
  name!: string;
}

interface CardState {
  title?: string;
  salary?: string;
  hash?: string;
}

/** The state in the database. */
export interface BoardState {
  name: string;
  cards: Record<string, CardState>;
  budget?: { limit: string };
  tags?: number[];
}

export type Role = 'admin' | 'user';

/** Returns the parts of a state that a role can see, as text. */
export function shownTo(role: Role, state: unknown): string {
  const { name, cards = {}, budget, tags } = state as Partial<BoardState>;
  const keys = Object.keys(cards).toSorted();
  const shown = keys.map((key) => {
    const { title, salary } = cards[key] ?? {};
    return [key, { title, ...(role === 'admin' && { salary }) }];
  });
  // A card of which a client sees no field can be missing.
  const seen = shown.filter(([, card]) => Object.values(card!).some((value) => value !== undefined));
  return JSON.stringify({ name, cards: seen, tags, ...(role === 'admin' && { budget }) });
}

/** Returns why a role must not receive a frame; `null` if it can. */
export function leakIn(role: Role, frame: string): string | null {
  const hidden = role === 'admin' ? /hash|HASHED/ : /hash|HASHED|salary|budget|SECRET/;
  return hidden.exec(frame)?.[0] ?? null;
}

/** A change: of the state, and the event that announces it. */
export interface Change {
  readonly apply: (state: BoardState) => void;
  readonly patch: object;
}

/** Returns one of some changes. */
export function changeOf(kind: number, key: number, value: number, state: BoardState): Change {
  const card = String(key % 3);
  const secret = `${SECRET}${value}`;
  const title = `t${value}`;
  const isKnown = state.cards[card] !== undefined;
  switch (kind % 7) {
    case 0:
      return set({ name: `n${value}` });
    case 1: {
      const whole = { title, salary: secret, hash: HASH };
      return { apply: ({ cards }) => (cards[card] = whole), patch: { set: { [`/cards/${card}`]: whole } } };
    }
    case 2:
      return {
        apply: ({ cards }) => (cards[card] = { ...cards[card], title }),
        patch: { set: { [`/cards/${card}/title`]: title } },
      };
    case 3:
      return { apply: ({ cards }) => void Reflect.deleteProperty(cards, card), patch: { remove: [`/cards/${card}`] } };
    case 4:
      if (!isKnown) return set({ tags: [value] });
      return {
        apply: ({ cards }) => (cards[card] = { ...cards[card], salary: secret }),
        patch: { set: { [`/cards/${card}/salary`]: secret } },
      };
    case 5:
      return set({ budget: { limit: secret } });
    default:
      return set({ name: `n${value}`, budget: { limit: secret }, tags: [value, value] });
  }
}

function set(values: Partial<BoardState>): Change {
  return {
    apply: (state) => void Object.assign(state, values),
    patch: { set: Object.fromEntries(Object.entries(values).map(([name, value]) => [`/${name}`, value])) },
  };
}
