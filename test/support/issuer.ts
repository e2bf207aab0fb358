import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { freePort } from './ports.js';
import { secondsFromNow, type TestClaims } from './jwt.js';
import { rsaKeyPair } from './rsa-keys.js';

export interface IssuerKey {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Response of the issuer: its keys, an endless body, invalid JSON, a redirect, an error, or none. */
export type Manner = 'keys' | 'endless' | 'rubbish' | 'redirect' | 'error' | 'silent';

/** A token issuer that publishes its keys over HTTP (JWKS) and counts requests. */
export class Issuer {
  /** Published keys. */
  published: IssuerKey[] = [];
  manner: Manner = 'keys';
  requests = 0;
  /** Bytes written of endless responses. */
  written = 0;
  private added = 0;

  private constructor(
    private server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<Issuer> {
    const server = createServer();
    const port = await freePort();
    await listening(server, port);
    const issuer = new Issuer(server, port);
    issuer.serve();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/keys?secret=of-the-query`;
  }

  /** Adds a key to the published ones. No other key of this issuer is the same. */
  addKey(kid: string, alg: IssuerKey['alg'] = 'RS256'): IssuerKey {
    const pair =
      alg === 'RS256' ? rsaKeyPair(`issuer ${(this.added += 1)}`) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key: IssuerKey = { kid, alg, ...pair };
    this.published.push(key);
    return key;
  }

  /** Stops listening and drops every connection. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Starts listening again on the same port. */
  async restart(): Promise<void> {
    this.server = createServer();
    await listening(this.server, this.port);
    this.serve();
  }

  private serve(): void {
    this.server.on('request', (_request, response) => {
      this.requests += 1;
      this.answer(response);
    });
  }

  private answer(response: ServerResponse): void {
    switch (this.manner) {
      case 'keys':
        response.setHeader('Content-Type', 'application/json').end(this.keySet());
        return;
      case 'endless':
        this.writeOn(response);
        return;
      case 'rubbish':
        response.end('{"keys":[');
        return;
      case 'redirect':
        response.writeHead(302, { Location: `http://127.0.0.1:${this.port}/elsewhere` }).end();
        return;
      case 'error':
        response.writeHead(500).end(this.keySet());
        return;
      case 'silent':
    }
  }

  private keySet(): string {
    const keys = this.published.map(({ kid, alg, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      ...{ kid, alg, use: 'sig' },
    }));
    return JSON.stringify({ keys });
  }

  private writeOn(response: ServerResponse): void {
    const chunk = ' '.repeat(65_536);
    const write = (): void => {
      let more = true;
      while (more && !response.destroyed) {
        more = response.write(chunk);
        this.written += chunk.length;
      }
    };
    response.on('drain', write);
    write();
  }
}

/** Signs a token with this key and the given header. */
export function signWith({ privateKey, alg, kid }: IssuerKey, claims: TestClaims = {}, header: object = {}): string {
  const input = signingInput({ alg, kid, typ: 'JWT', ...header }, claims);
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Signs a token for an algorithm confusion attack: HS256 with the public key as the secret. */
export function confused({ publicKey, kid }: IssuerKey, format: 'pem' | 'jwk', header: object = {}): string {
  const secret =
    format === 'pem'
      ? publicKey.export({ type: 'spki', format: 'pem' }).toString()
      : JSON.stringify(publicKey.export({ format: 'jwk' }));
  const input = signingInput({ alg: 'HS256', kid, typ: 'JWT', ...header }, {});
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

function signingInput(header: object, claims: TestClaims): string {
  const payload = { sub: 'u1', role: 'user', exp: secondsFromNow(3600), ...claims };
  return [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
