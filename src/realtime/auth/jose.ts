/** The parts of `jose` that are used, in one file: `jose` has ES modules only, so the CommonJS build contains it. */
export { createRemoteJWKSet, customFetch, decodeProtectedHeader, errors, type CryptoKey } from 'jose';
