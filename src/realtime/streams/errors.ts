import type { StreamEndState } from '../../protocol/index.js';

/** The stream cannot be opened: another writer has it, or this instance writes too many. */
export class StreamOpenError extends Error {
  override readonly name = 'StreamOpenError';

  /** @param code `conflict`: another writer has it. `too_many`: this instance writes `streams.maxOpen` streams. */
  constructor(
    readonly code: 'conflict' | 'too_many' | 'invalid_channel',
    message: string,
  ) {
    super(message);
  }
}

/** The stream has ended, so that nothing can be written. */
export class StreamEndedError extends Error {
  override readonly name = 'StreamEndedError';

  /**
   * @param state state of the stream
   * @param reason reason of its end: `cancelled`, `fenced` (another writer opened it), `writer_lost` (the lease ended, for example
   * because the backend did not answer), `lost` (the backend lost its data), `unavailable`, `shutdown`, `ended` (by its writer)
   */
  constructor(
    readonly channel: string,
    readonly state: StreamEndState,
    readonly reason: string,
  ) {
    super(`The stream ${channel} is ${state} (${reason}): nothing can be written`);
  }
}
