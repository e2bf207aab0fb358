import type { TcpProxy } from '../proxy.js';

/** What joins the instances, and the lines to it. */
export interface Backend {
  /** Variables that lead instance number `index` to it. */
  env(index: number): Readonly<Record<string, string>>;
  /** The line of each instance; none where instances find Redis by themselves. */
  readonly lines: readonly TcpProxy[];
  stop(): Promise<void>;
}
