/** Maximum edit distance of a suggestion. */
const SLIPS = 2;

/** Suggests a known name for a mistyped one: a name that starts with it, or differs by a typo. */
export function didYouMean(name: string, names: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const byDistance = names
    .map((known) => ({
      known,
      slips: known.toLowerCase().startsWith(given) ? 0 : distance(given, known.toLowerCase()),
    }))
    .toSorted((a, b) => a.slips - b.slips);
  const [best] = byDistance;
  return best !== undefined && best.slips <= SLIPS && best.slips < given.length ? best.known : undefined;
}

/** Returns the Levenshtein distance: the number of inserted, deleted or replaced characters. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const exchanged = row[column - 1]! + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(exchanged, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
