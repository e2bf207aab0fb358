/** A transport for `useChat` of the Vercel AI SDK: answers arrive over a stream, and survive a reload of the page. */
export { realtimeChatTransport, type ChatRequest, type ChatTransportOptions } from './chat-transport.js';
