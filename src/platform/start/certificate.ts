import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { persist, readPersisted, readNamedFile } from '../config/persisted-file.js';
import type { PlatformConfig } from '../config/platform-config.js';
import { StartError } from '../config/start-error.js';

/** Certificate and private key of a TLS server, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly selfSigned: boolean;
}

/**
 * Loads the certificate of the TLS port from TLS_KEY_FILE and TLS_CERT_FILE. Without them, development uses a
 * self-signed certificate for localhost, which is generated once and persisted.
 * @returns `null` in production without files: there is no TLS port then
 * @throws StartError if the files cannot be read or used
 */
export async function loadCertificate(config: PlatformConfig): Promise<Certificate | null> {
  const { tlsFiles, development, dataDir } = config;
  if (tlsFiles !== null) return readCertificate(tlsFiles);
  return development ? persistedCertificate(join(dataDir, 'localhost.pem')) : null;
}

function readCertificate(files: { readonly key: string; readonly certificate: string }): Certificate {
  const key = readNamedFile('TLS_KEY_FILE', files.key);
  const cert = readNamedFile('TLS_CERT_FILE', files.certificate);
  try {
    createSecureContext({ key, cert });
  } catch (error) {
    throw new StartError(
      `TLS_KEY_FILE and TLS_CERT_FILE must hold a key and its certificate as PEM: ${(error as Error).message}.`,
    );
  }
  return { key, cert, selfSigned: false };
}

/** Key and certificate are in one file, so that an interrupted start cannot leave only one of them. */
async function persistedCertificate(path: string): Promise<Certificate> {
  let pem = readPersisted(path);
  if (pem === null || !isUsable(pem)) {
    pem = await makeCertificate();
    persist(path, pem, { replace: true });
  }
  return { key: pem, cert: pem, selfSigned: true };
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 365;

/** Returns true if the certificate is valid for at least another day. */
function isUsable(pem: string): boolean {
  try {
    createSecureContext({ key: pem, cert: pem });
    return Date.parse(new X509Certificate(pem).validTo) > Date.now() + DAY_MS;
  } catch {
    return false;
  }
}

async function makeCertificate(): Promise<string> {
  // 190 files, needed once a year.
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return `${key.trim()}\n${cert.trim()}\n`;
}
