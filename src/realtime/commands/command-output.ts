import { ProtocolError } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { ownGroups, userIdIn } from '../channels/access.js';
import { classRules } from '../channels/fields/class-rules.js';
import { FieldGroups } from '../channels/fields/field-groups.js';
import { parseWithoutProto, mayHaveProto } from '../channels/fields/without-proto.js';
import { toJson } from '../publishing/event-json.js';
import type { OutputClass } from './decorators.js';

/** A command concerns the tenant of its caller, as a channel that is not global. */
const AUDIENCE = { access: 'authenticated', global: false } as const;

const NOT_DECLARED =
  'The result has no field of the output class, so its restricted fields cannot be hidden. Does an interceptor wrap it? Name the class of what is sent';

/** Serialises the results of one command. */
export class CommandOutput {
  /** `null` if all callers receive all fields. */
  private readonly fields: FieldGroups | null;
  private readonly declared: ReadonlySet<string>;

  /** @throws ClassRulesError */
  constructor(
    output: OutputClass | undefined,
    private readonly hasTenants: boolean,
    private readonly maxBytes: number,
  ) {
    const type = typeof output === 'function' ? output : output?.[0];
    this.fields = type === undefined ? null : FieldGroups.of(type);
    this.declared = new Set(type === undefined ? [] : classRules(type).fields.keys());
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

  /** Returns false for an object of another class, for example if an interceptor wrapped the result: nothing would be hidden. */
  private isDeclared(data: unknown): boolean {
    if (Array.isArray(data)) return data.every((entry) => this.isDeclared(entry));
    if (typeof data !== 'object' || data === null) return true;
    const names = Object.keys(data);
    return names.length === 0 || names.some((name) => this.declared.has(name));
  }

  private cut(json: string, caller: Principal | null): string {
    const { fields } = this;
    if (fields === null) return mayHaveProto(json) ? JSON.stringify(parseWithoutProto(json)) : json;
    const data: unknown = parseWithoutProto(json);
    if (!this.isDeclared(data)) throw new Error(NOT_DECLARED);
    fields.narrow(data, fields.viewOf(ownGroups(AUDIENCE, caller), [], userIdIn(AUDIENCE, caller, this.hasTenants)));
    return JSON.stringify(data);
  }
}
