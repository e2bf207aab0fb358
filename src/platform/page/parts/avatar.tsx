/** Number of tints in the stylesheet. */
const TINTS = 6;

interface AvatarProps {
  readonly id: string;
  readonly name: string;
}

/** Shows the initials of a user, always in the same tint. Hidden from screen readers: the name stands beside it. */
export function Avatar({ id, name }: AvatarProps) {
  return (
    <span className={`avatar tint-${tintOf(id)}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter(Boolean);
  return [words[0], words[1]]
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

function tintOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) % 65_521;
  return sum % TINTS;
}
