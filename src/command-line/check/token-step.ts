import { durationText, relativeText } from '../duration.js';
import { adviceFor, type Greeting } from '../greeting.js';
import { shortened } from '../printable.js';
import { claimProblems, comparedClaims, endOf, issuedInFuture, readClaims } from './claims.js';
import { aheadBy, type ClockSample } from './clock.js';
import type { Report } from './report.js';

export interface TokenStep {
  readonly token: string | undefined;
  /** `null` if the connection did not open. */
  readonly greeting: Greeting | null;
  readonly sample: ClockSample | null;
  /** By the local clock. */
  readonly now: number;
}

/** Clocks that differ by less are treated as equal. */
const NOTABLE_MS = 2_000;

/** Reports the server's answer to the token, and problems that are visible in its claims. */
export function reportToken({ token, greeting, sample, now }: TokenStep, report: Report): void {
  const ahead = sample === null ? 0 : aheadBy(sample);
  const serverNow = now + ahead;
  const claims = token === undefined ? null : readClaims(token);
  if (greeting?.kind === 'connected') {
    const { user, tenant, expiresAt } = greeting.connected;
    if (user === null) return report.passed('token', 'none: the server accepts anonymous clients');
    const end = expiresAt === null ? null : Date.parse(expiresAt);
    const who = `user ${user.userId}, role ${user.role}${tenant === null ? '' : `, tenant ${tenant}`}`;
    const local =
      Math.abs(ahead) > NOTABLE_MS && end !== null ? `, ${relativeText(end, now)} by this machine's clock` : '';
    report.passed(
      'token',
      shortened(`accepted: ${who}; it ends ${end === null ? 'never' : relativeText(end, serverNow)}${local}`),
    );
    const early = claims && issuedInFuture(claims, serverNow);
    if (early) report.warned('token', { problem: early, advice: [] });
    return;
  }
  if (greeting?.kind === 'error') {
    const { code, message } = greeting;
    const advice = [
      adviceFor(code),
      ...(code === 'token_invalid' || code === 'token_expired' ? reasonsOf(token, serverNow) : []),
    ];
    return report.failed('token', {
      problem: `${shortened(message)} (${shortened(code)})`,
      advice: advice.filter((line) => line !== undefined),
    });
  }
  if (token === undefined) return;
  // The server did not answer about the token, so only problems are reported.
  const problems = claims === null ? ['It is not a JWT.'] : claimProblems(claims, serverNow);
  if (problems.length > 0)
    report.warned('token', { problem: 'was not checked by the server, but looks wrong', advice: problems });
}

function reasonsOf(token: string | undefined, serverNow: number): string[] {
  const claims = readClaims(token ?? '');
  if (claims === null) return ['It is not a JWT: three parts of Base64, separated by dots.'];
  const problems = claimProblems(claims, serverNow);
  if (problems.length > 0) return problems;
  const end = endOf(claims);
  const rest = end === null ? '' : ` It would be valid for ${durationText(end - serverNow)}.`;
  return [
    `Its times and its user id look right.${rest} The server does not say which of these is wrong:`,
    `the key of the signature, issuer or audience (${comparedClaims(claims)}),`,
    'a revocation, or a missing tenant. It logs the reason at the level debug.',
  ];
}
