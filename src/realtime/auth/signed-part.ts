/** Base64url without padding whose spare bits are zero. RFC 4648, section 3.5, allows decoders to accept other spare bits. */
const CANONICAL = '(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?';
const COMPACT_JWS = new RegExp(`^(${CANONICAL}\\.${CANONICAL})\\.${CANONICAL}$`);

/**
 * Returns the part of a token that its signature covers: `header.payload`. This part identifies a token without `jti`. A
 * signature can have several valid spellings (spare bits in base64url, the ECDSA pair r, n - s); the signed part has only one.
 * @throws Error if the token is not a compact JWS in canonical base64url
 */
export function signedPartOf(token: string): string {
  const match = COMPACT_JWS.exec(token);
  if (match === null) throw new Error('it is not three parts of canonical base64url');
  return match[1]!;
}
