import { Redis } from 'ioredis';
import { answerCalls } from '../worker.js';
import { Latencies } from './latencies.js';

const latencies = new Latencies();

const handlers = {
  /** Subscribes to one Redis channel, and records the latency of each message. */
  async connect({ url, channel }: { url: string; channel: string }): Promise<void> {
    const redis = new Redis(url);
    redis.on('message', (_channel, message: string) => latencies.take(Buffer.from(message)));
    await redis.subscribe(channel);
  },

  /** Returns the latencies since the last call, in microseconds. */
  samples(): number[] {
    return latencies.all.splice(0);
  },
};

export type RedisSubscriberHandlers = typeof handlers;

answerCalls(handlers);
