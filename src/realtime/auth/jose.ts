/** Re-exports the used parts of `jose` from one file. `jose` has ES modules only, so the CommonJS build bundles it. */
export { createRemoteJWKSet, customFetch, errors, type CryptoKey } from 'jose';
