import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { ownGroups, userIdIn } from '../channels/access.js';
import { FieldGroups } from '../channels/fields/field-groups.js';
import { parseWithoutProto, mayHaveProto } from '../channels/fields/without-proto.js';
import { toJson } from '../publishing/event-json.js';
import type { OutputClass } from './decorators.js';

/** A command concerns the tenant of its caller, as a channel that is not global. */
const AUDIENCE = { access: 'authenticated', global: false } as const;

/** Serialises the results of one command. */
export class CommandOutput {
  /** `null` if all callers receive all fields. */
  private readonly fields: FieldGroups | null;

  /** @throws ClassRulesError */
  constructor(
    output: OutputClass | undefined,
    private readonly hasTenants: boolean,
    private readonly maxBytes: number,
  ) {
    this.fields = output === undefined ? null : FieldGroups.of(typeof output === 'function' ? output : output[0]);
  }

  /**
   * Returns a result as JSON, with the fields that the caller receives.
   * @throws ProtocolError `too_large`
   * @throws InvalidEventError for a value that JSON would change silently
   */
  json(value: unknown, caller: Principal | null): string {
    const whole = value === undefined ? 'null' : toJson(value);
    const json = this.cut(whole, caller);
    if (json.length * 3 > this.maxBytes && Buffer.byteLength(json) > this.maxBytes) {
      throw new ProtocolError('too_large', {
        message: `The result has more than ${this.maxBytes} bytes (the option commands.maxResultBytes)`,
      });
    }
    return json;
  }

  private cut(json: string, caller: Principal | null): string {
    const { fields } = this;
    if (fields === null) return mayHaveProto(json) ? JSON.stringify(parseWithoutProto(json)) : json;
    const data: unknown = parseWithoutProto(json);
    fields.narrow(data, fields.viewOf(ownGroups(AUDIENCE, caller), [], userIdIn(AUDIENCE, caller, this.hasTenants)));
    return JSON.stringify(data);
  }
}
