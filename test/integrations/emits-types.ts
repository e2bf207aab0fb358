import { Emits } from '../../src/realtime/index.js';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    'work:finished': { readonly id: string };
  }
}

/** Code that must compile, and errors that must occur: `npm run lint` is the test. */
export class Compiles {
  @Emits('work:finished')
  async right(_id: number): Promise<{ id: string; more: boolean } | null> {
    return null;
  }

  // @ts-expect-error a field is missing
  @Emits('work:finished')
  async missing(): Promise<{ title: string }> {
    return { title: '' };
  }

  // @ts-expect-error an unknown channel
  @Emits('work:gone')
  unknown(): object {
    return {};
  }

  // @ts-expect-error the mapping takes another result
  @Emits('work:finished', { data: ({ id }: { id: string; title: string }) => ({ id }) })
  other(): { name: string } {
    return { name: '' };
  }
}
