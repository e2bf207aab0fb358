import { createRealtimeClient } from 'nestjs-realtime-client';
import 'nestjs-realtime-client/platform-events';

const getToken = async () => (await fetch('/api/token')).text();

/** The client of the page. It connects when the first component subscribes to a channel. */
export const client = createRealtimeClient({ url: '/ws', getToken });
