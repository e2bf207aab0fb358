import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { durationText, relativeText } from '../duration.js';
import { networkProblem } from '../network-problem.js';
import { hostOf } from '../server-address.js';
import { certificateProblems, nameOf } from './certificate.js';
import type { Report } from './report.js';

/** Checks name, port and certificate of a server. @returns true if a client can send its first request */
export async function reach(url: URL, timeoutMs: number, report: Report): Promise<boolean> {
  const { host, port } = hostOf(url);
  if (isIP(host) === 0 && !(await findHost(host, timeoutMs, report))) return false;
  const since = performance.now();
  const socket = connect({ host, port, signal: AbortSignal.timeout(timeoutMs) });
  try {
    await once(socket, 'connect');
    report.passed(
      'tcp',
      `port ${port} of ${socket.remoteAddress} accepts connections (${durationText(performance.now() - since)})`,
    );
    if (url.protocol === 'wss:') return await checkTls(host, socket, timeoutMs, report);
    report.passed('tls', 'not used: the address is ws:');
    return true;
  } catch (error) {
    report.failed('tcp', networkProblem(error));
    return false;
  } finally {
    socket.destroy();
  }
}

async function findHost(host: string, timeoutMs: number, report: Report): Promise<boolean> {
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    const late = once(timeout, 'abort').then(() => Promise.reject(timeout.reason as Error));
    const found = await Promise.race([lookup(host, { all: true }), late]);
    report.passed('dns', `${host} is ${found.map(({ address }) => address).join(', ')}`);
    return true;
  } catch (error) {
    report.failed('dns', networkProblem(error));
    return false;
  }
}

async function checkTls(host: string, socket: Socket, timeoutMs: number, report: Report): Promise<boolean> {
  // Nothing is sent over this connection: the certificate is read, and verified below.
  const tls = connectTls({ socket, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) });
  tls.on('error', () => undefined); // also after the handshake
  try {
    await once(tls, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return reportCertificate(host, tls, report);
  } catch (error) {
    report.failed('tls', networkProblem(error));
    return false;
  } finally {
    tls.destroy();
  }
}

function reportCertificate(host: string, tls: TLSSocket, report: Report): boolean {
  const certificate = tls.getPeerCertificate();
  const problems = certificateProblems({
    host,
    certificate,
    refusedWith: refusedWith(tls),
    isForHost: checkServerIdentity(host, certificate) === undefined,
    now: Date.now(),
  });
  for (const problem of problems) report.failed('tls', problem);
  if (problems.length > 0) return false;
  const ends = `until ${certificate.valid_to} (${relativeText(Date.parse(certificate.valid_to), Date.now())})`;
  report.passed(
    'tls',
    `${tls.getProtocol()}, certificate of ${nameOf(certificate.subject)} by ${nameOf(certificate.issuer)}, valid ${ends}`,
  );
  return true;
}

/** Node sets a string, although its types say Error. */
function refusedWith({ authorized, authorizationError }: TLSSocket): string | null {
  if (authorized) return null;
  const given: unknown = authorizationError;
  return typeof given === 'string'
    ? given
    : given instanceof Error
      ? ((given as NodeJS.ErrnoException).code ?? given.message)
      : 'unknown';
}
