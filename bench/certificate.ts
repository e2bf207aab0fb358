import { generate } from 'selfsigned';

let made: Promise<{ key: string; cert: string }> | null = null;

/** Returns a temporary certificate for 127.0.0.1. */
export function certificate(): Promise<{ key: string; cert: string }> {
  made ??= generate([{ name: 'commonName', value: '127.0.0.1' }], { keyType: 'ec' } as never).then(
    ({ private: key, cert }) => ({ key, cert }),
  );
  return made;
}
