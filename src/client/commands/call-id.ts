const CALL_ID = /^[\w.:-]{1,64}$/;

export function isCallId(id: string): boolean {
  return CALL_ID.test(id);
}

/** Returns a UUID. Pages without HTTPS and React Native have no `randomUUID`. */
export function newCallId(): string {
  const { crypto } = globalThis as { readonly crypto?: { randomUUID?: () => string } };
  return crypto?.randomUUID?.() ?? `${hex()}-${hex()}-${hex()}-${hex()}`;
}

/** Returns 32 random bits. */
function hex(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
