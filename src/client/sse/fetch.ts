import type { TokenRequest } from '../options.js';

/** The part of `fetch` that a stream uses. Browsers, workers, Node and `expo/fetch` have it. */
export type Fetch = (
  url: string,
  init: {
    readonly method?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly cache?: 'no-store';
    readonly signal?: TokenRequest['signal'];
  },
) => Promise<FetchResponse>;

/** The part of a `Response` that a stream uses. */
export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Absent in React Native, whose `fetch` cannot stream. */
  readonly body?: {
    getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> };
  } | null;
  text(): Promise<string>;
}
