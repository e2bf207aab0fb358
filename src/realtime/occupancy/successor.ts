/** Returns the live instance that takes over the keys of a dead one; each instance finds the same. */
export function successorOf(dead: string, living: readonly string[]): string | undefined {
  const sorted = living.toSorted();
  return sorted.find((id) => id > dead) ?? sorted[0];
}
