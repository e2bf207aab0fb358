import { relativeText } from '../duration.js';
import { jsonOf } from '../http-answer.js';
import { shortened } from '../printable.js';

/** Header and payload of a token. Its signature is not checked: only the server has the key. */
export interface Claims {
  readonly alg: unknown;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Allowed difference between the clocks of issuer and server, in milliseconds. */
const LEEWAY_MS = 1_000;

/** @returns `null` if the token is not a JWT */
export function readClaims(token: string): Claims | null {
  const parts = token.split('.');
  const [header, payload] = parts.slice(0, 2).map((part) => jsonOf(Buffer.from(part, 'base64url').toString('utf8')));
  if (parts.length !== 3 || !isObject(header) || !isObject(payload)) return null;
  return { alg: header['alg'], payload };
}

/** Returns what is wrong with a token, as far as it is visible without the key. @param now by the server's clock */
export function claimProblems({ alg, payload }: Claims, now: number): string[] {
  const { exp, nbf, sub, userId, id } = payload;
  const problems: string[] = [];
  if (typeof alg === 'string' && alg.toLowerCase() === 'none') problems.push('It is not signed (alg is none).');
  const end = momentOf(exp);
  if (end === null) problems.push('It has no end (exp), which the server requires unless an option allows that.');
  else if (end <= now) problems.push(`It ended ${atAndWhen(end, now)} by the server's clock (exp).`);
  const begin = momentOf(nbf);
  if (begin !== null && begin > now)
    problems.push(`It becomes valid ${atAndWhen(begin, now)} by the server's clock (nbf).`);
  const issued = issuedInFuture({ alg, payload }, now);
  if (issued !== null) problems.push(issued);
  if ([sub, userId, id].every((claim) => claim === undefined))
    problems.push('It has no user id in sub, userId or id: set the option jwt.claims of the server.');
  return problems;
}

/** Returns a sentence if the issuer's clock is ahead of the server's; otherwise `null`. */
export function issuedInFuture({ payload }: Claims, now: number): string | null {
  const issued = momentOf(payload['iat']);
  if (issued === null || issued <= now + LEEWAY_MS) return null;
  return `It was issued ${atAndWhen(issued, now)} by the server's clock (iat): the issuer's clock is ahead, or the server's behind.`;
}

/** Returns when a token ends, in milliseconds since 1970; `null` if it does not. */
export function endOf({ payload }: Claims): number | null {
  return momentOf(payload['exp']);
}

/** Returns the claims that the server compares with its options. */
export function comparedClaims({ alg, payload }: Claims): string {
  const shown = (claim: unknown): string => (claim === undefined ? 'absent' : JSON.stringify(claim));
  return shortened(`alg ${shown(alg)}, iss ${shown(payload['iss'])}, aud ${shown(payload['aud'])}`);
}

function atAndWhen(moment: number, now: number): string {
  return `${relativeText(moment, now)} (${new Date(moment).toISOString()})`;
}

/** Maximum value of a Date, in seconds. */
const MAX_SECONDS = 8.64e12;

function momentOf(seconds: unknown): number | null {
  return typeof seconds === 'number' && Math.abs(seconds) <= MAX_SECONDS ? seconds * 1_000 : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
