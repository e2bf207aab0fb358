/** How many tints there are in the stylesheet. */
const TINTS = 6;

interface AvatarProps {
  readonly id: string;
  readonly name: string;
}

/** The initials of somebody, always in the same tint. The name stands beside it, or in a label. */
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
