const keys = new WeakMap<object, number>();
let last = 0;

/** A key for a list: an event need not have an id, and two channels may give the same. */
export function eventKey(event: object): number {
  let key = keys.get(event);
  if (key === undefined) {
    last += 1;
    key = last;
    keys.set(event, key);
  }
  return key;
}
