/** A value that only admins can see begins with this. */
export const SECRET = 'SECRET';
/** A value that no client can see begins with this. */
export const HASH = 'HASHED';

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
  /** Makes the state larger than a frame. */
  text?: string;
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

/** Returns the values of a state by path, as text, that a role can see. A value that is missing is not in the result. */
export function valuesOf(role: Role, state: unknown): Map<string, string> {
  const { name, cards = {}, budget, tags, text } = state as Partial<BoardState>;
  const values = new Map<string, string>();
  const add = (path: string, value: unknown): void => {
    if (value !== undefined) values.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  };
  add('name', name);
  add('tags', tags);
  add('text', text);
  if (role === 'admin') add('budget', budget?.limit);
  for (const [key, { title, salary }] of Object.entries(cards)) {
    add(`cards/${key}/title`, title);
    if (role === 'admin') add(`cards/${key}/salary`, salary);
  }
  return values;
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
  /** Parts of the state that it changes. Changes of the same part are made one after the other, as rows in a database are. */
  readonly parts: readonly string[];
}

const KINDS = 12;

/** Returns one of some changes. */
export function changeOf(kind: number, key: number, value: number, state: BoardState): Change {
  const card = String(key % 3);
  const path = `/cards/${card}`;
  const secret = `${SECRET}${value}`;
  const hash = `${HASH}${value}`;
  const title = `t${value}`;
  const known = state.cards[card];
  const inCard = (patch: object, changed: (before: CardState) => CardState): Change => ({
    ...{ patch, parts: [`cards/${card}`] },
    apply: ({ cards }) => (cards[card] = changed(cards[card] ?? {})),
  });
  switch (kind % KINDS) {
    case 0:
      return set({ name: `n${value}` });
    case 1: {
      const whole = { title, salary: secret, hash };
      return inCard({ set: { [path]: whole } }, () => whole);
    }
    case 2:
      return inCard({ set: { [`${path}/title`]: title } }, (before) => ({ ...before, title }));
    case 3: {
      const apply = ({ cards }: BoardState): void => void Reflect.deleteProperty(cards, card);
      return { apply, patch: { remove: [path] }, parts: [`cards/${card}`] };
    }
    case 4:
      if (known === undefined) return set({ tags: [value] });
      return inCard({ set: { [`${path}/salary`]: secret } }, (before) => ({ ...before, salary: secret }));
    case 5:
      return set({ budget: { limit: secret } });
    case 6:
      return set({ name: `n${value}`, budget: { limit: secret }, tags: [value, value] });
    case 7:
      if (known === undefined) return set({ budget: { limit: secret } });
      return inCard({ set: { [`${path}/title`]: title }, remove: [`${path}/salary`] }, ({ hash: kept }) => ({
        title,
        ...(kept !== undefined && { hash: kept }),
      }));
    case 8:
      return {
        ...{ patch: { remove: ['/budget'] }, parts: ['budget'] },
        apply: (board) => void Reflect.deleteProperty(board, 'budget'),
      };
    case 9:
      if (state.budget === undefined) return set({ name: `n${value}` });
      return { ...set({ budget: { limit: secret } }), patch: { set: { '/budget/limit': secret } } };
    case 10:
      if (known === undefined) return set({ tags: [value] });
      return inCard({ set: { [`${path}/hash`]: hash } }, (before) => ({ ...before, hash }));
    default:
      // Larger than the limit of a world with a small one.
      return set({ tags: Array<number>(150).fill(value) });
  }
}

function set(values: Partial<BoardState>): Change {
  return {
    apply: (state) => void Object.assign(state, values),
    patch: { set: Object.fromEntries(Object.entries(values).map(([name, value]) => [`/${name}`, value])) },
    parts: Object.keys(values),
  };
}
