import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A self-signed certificate as PEM. Clients that trust it use `cert` as the CA. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

/** Creates a certificate for a host name and for 127.0.0.1. @param dates when it is valid; a year from now by default */
export async function makeCertificate(
  host = 'localhost',
  dates: { readonly notBeforeDate?: Date; readonly notAfterDate?: Date } = {},
): Promise<TestCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    ...dates,
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: host },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key, cert };
}

/** Returns settings for redis.conf: the server's certificate, and the one that clients must present. */
export async function tlsSettings(
  directory: string,
  server: TestCertificate,
  client?: TestCertificate,
): Promise<Record<string, string>> {
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem'), ca: join(directory, 'ca.pem') };
  await writeFile(files.cert, server.cert);
  await writeFile(files.key, server.key);
  await writeFile(files.ca, (client ?? server).cert);
  return {
    'tls-cert-file': files.cert,
    'tls-key-file': files.key,
    'tls-ca-cert-file': files.ca,
    'tls-auth-clients': client === undefined ? 'no' : 'yes',
  };
}
