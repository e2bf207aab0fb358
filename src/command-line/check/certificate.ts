import type { PeerCertificate } from 'node:tls';
import { relativeText } from '../duration.js';
import type { Problem } from '../network-problem.js';

/** The fields of a certificate that are checked. */
export type CertificateFields = Pick<
  PeerCertificate,
  'subject' | 'issuer' | 'subjectaltname' | 'valid_from' | 'valid_to'
>;

export interface CertificateCheck {
  readonly host: string;
  readonly certificate: CertificateFields;
  /** The code with which the chain was refused; `null` if it is trusted. OpenSSL reports the first problem only. */
  readonly refusedWith: string | null;
  /** True if the names of the certificate include the host. */
  readonly isForHost: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const TRUST = 'On a test system, trust it with NODE_EXTRA_CA_CERTS=ca.pem.';

/** Returns every problem of a certificate. */
export function certificateProblems({ host, certificate, refusedWith, isForHost, now }: CertificateCheck): Problem[] {
  const problems: Problem[] = [];
  const { issuer, subjectaltname, subject, valid_from: from, valid_to: to } = certificate;
  if (Date.parse(to) <= now)
    problems.push({
      problem: `the certificate expired ${relativeText(Date.parse(to), now)} (${to})`,
      advice: ['Renew it, and reload the server or proxy that serves it.'],
    });
  if (Date.parse(from) > now)
    problems.push({
      problem: `the certificate is valid only from ${from} on`,
      advice: ['Compare the clock of this machine.'],
    });
  if (!isForHost)
    problems.push({
      problem: `the certificate is not for ${host}, but for ${subjectaltname ?? nameOf(subject)}`,
      advice: ['Use a host name of the certificate, or a certificate for this host.'],
    });
  const chain = chainProblem(refusedWith, nameOf(issuer));
  if (chain !== null) problems.push(chain);
  return problems;
}

function chainProblem(code: string | null, issuer: string): Problem | null {
  switch (code) {
    case null:
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return null; // described by the fields
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return { problem: `the certificate is self-signed (${issuer})`, advice: [`Browsers refuse it. ${TRUST}`] };
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return {
        problem: `the issuer of the certificate is unknown (${issuer})`,
        advice: ['The server must send the intermediate certificates too (fullchain.pem).', TRUST],
      };
    default:
      return { problem: `the certificate is not trusted (${code})`, advice: [TRUST] };
  }
}

/** Returns the common name or the organization of a holder. */
export function nameOf(holder: PeerCertificate['subject'] | undefined): string {
  const { CN, O } = (holder ?? {}) as Partial<Record<'CN' | 'O', string | string[]>>;
  return [CN ?? O ?? 'without a name'].flat().join(', ');
}
