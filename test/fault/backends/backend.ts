import type { TcpProxy } from '../proxy.js';

/** The Redis setup that connects the instances, and the network lines to it. */
export interface Backend {
  /** Environment variables with which instance number `index` connects. */
  env(index: number): Readonly<Record<string, string>>;
  /** The line of each instance; none if instances discover Redis themselves. */
  readonly lines: readonly TcpProxy[];
  stop(): Promise<void>;
}
