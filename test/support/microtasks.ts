/** Waits for more microtasks than the client needs to call `getToken`; no time passes. */
export async function microtasks(): Promise<void> {
  for (let left = 5; left > 0; left -= 1) await Promise.resolve();
}
