import { isPresenceJson, MAX_PRESENCE_BYTES } from '../../protocol/index.js';
import { mayHaveProto, parseWithoutProto } from './fields/without-proto.js';

/** Serialises the info that a policy gave about a member. Never throws, for any value. */
export function presenceInfo(info: unknown): { readonly json: string } | { readonly problem: string } {
  try {
    const json = JSON.stringify(info) as string | undefined;
    if (json === undefined) return { problem: 'is not JSON' };
    const safe = mayHaveProto(json) ? JSON.stringify(parseWithoutProto(json)) : json;
    if (isPresenceJson(safe)) return { json: safe };
    return { problem: `has ${Buffer.byteLength(safe)} bytes as JSON, and at most ${MAX_PRESENCE_BYTES} are sent` };
  } catch {
    // A circular object, a BigInt, or a getter that throws.
    return { problem: 'cannot be converted to JSON' };
  }
}
