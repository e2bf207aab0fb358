const keys = new WeakMap<object, number>();
let last = 0;

/** Returns a React key. Event ids do not work: they are optional, and two channels can use the same one. */
export function eventKey(event: object): number {
  let key = keys.get(event);
  if (key === undefined) {
    last += 1;
    key = last;
    keys.set(event, key);
  }
  return key;
}
