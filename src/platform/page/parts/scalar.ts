/** Parses `12`, `true` and `null` as JSON values. Everything else stays a string. */
export function readScalar(text: string): string | number | boolean | null {
  if (!/^(true|false|null|-?\d{1,15}(\.\d{1,10})?)$/.test(text) || /^-?0\d/.test(text)) return text;
  return JSON.parse(text) as number | boolean | null;
}
