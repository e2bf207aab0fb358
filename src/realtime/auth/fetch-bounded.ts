/**
 * Calls `fetch` and reads at most `maxBytes` of the response body.
 * @throws Error if the body is longer
 */
export async function fetchBounded(url: string, init: RequestInit, maxBytes: number): Promise<Response> {
  const response = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body and its connection.
    if (bytes > maxBytes) throw new Error(`The response is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const { status } = response;
  return new Response(status === 200 ? Buffer.concat(chunks) : null, { status });
}
