/** Base64url without padding whose spare bits are zero: RFC 4648, section 3.5, lets a decoder accept others. */
const CANONICAL = '(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?';
const COMPACT_JWS = new RegExp(`^(${CANONICAL}\\.${CANONICAL})\\.${CANONICAL}$`);

/**
 * The part of a token that its signature covers, `header.payload`. A token without `jti` is identified by this part: a
 * signature can have several valid spellings (spare bits in base64url, the ECDSA pair r, n - s), the signed part has one.
 * @throws Error for a token that is not a compact JWS in canonical base64url
 */
export function signedPartOf(token: string): string {
  const match = COMPACT_JWS.exec(token);
  if (match === null) throw new Error('it is not three parts of canonical base64url');
  return match[1]!;
}
