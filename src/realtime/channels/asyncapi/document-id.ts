/** Returns a unique document id. Ids of an AsyncAPI document cannot contain colons or braces. */
export function freeId(name: string, taken: object): string {
  const id = name.replaceAll(/[^\w-]+/g, '_').replace(/_$/, '');
  let free = id;
  for (let count = 2; Object.hasOwn(taken, free); count += 1) free = `${id}_${count}`;
  return free;
}
