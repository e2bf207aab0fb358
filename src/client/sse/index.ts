/** Server-sent events beside or instead of WebSocket. A separate entry point keeps it out of pages that do not use it. */
export { sse, type SseOptions } from './sse.js';
export type { Fetch, FetchResponse } from './fetch.js';
