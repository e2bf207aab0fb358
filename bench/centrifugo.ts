import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../test/support/child.js';
import { makeTemporaryDirectory, removeDirectory } from '../test/support/temporary-directory.js';
import { PUBLISH_KEY } from './tokens.js';
import type { PeerSettings } from './servers/peer.js';

/** Limits high enough for the whole load from one address, as for the other servers. */
const HISTORY = { allow_subscribe_for_client: true, history_size: 100, history_ttl: '300s', force_recovery: true };

/**
 * Returns true if Centrifugo 6 is on the PATH. It is an optional contender: `go install
 * github.com/centrifugal/centrifugo/v6@latest`, which calls itself v0.0.0.
 */
export function hasCentrifugo(): boolean {
  try {
    return /^Centrifugo v(?:6|0\.0\.0)/.test(execFileSync('centrifugo', ['version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}

/** Starts Centrifugo with its memory engine, history and recovery, and tokens that are verified. */
export async function startCentrifugo(port: number, { issuer }: PeerSettings): Promise<Child> {
  // A directory for each start: the end of the process before removes its own.
  const directory = await makeTemporaryDirectory();
  const file = join(directory, 'centrifugo.json');
  const key = issuer?.verifyingKey ?? '';
  const token = { HS256: 'hmac_secret_key', RS256: 'rsa_public_key', ES256: 'ecdsa_public_key' } as const;
  const config = {
    http_server: { address: '127.0.0.1', port: String(port) },
    http_api: { key: PUBLISH_KEY },
    log: { level: 'info' },
    client: {
      allowed_origins: ['*'],
      ping_interval: '600s',
      ...(issuer && { token: { [token[issuer.algorithm]]: key } }),
    },
    channel: { namespaces: ['apps', 'user'].map((name) => ({ name, ...HISTORY })) },
  };
  await writeFile(file, JSON.stringify(config));
  const child = new Child('centrifugo', ['--config', file]);
  void child.exited.then(() => removeDirectory(directory));
  return child;
}
