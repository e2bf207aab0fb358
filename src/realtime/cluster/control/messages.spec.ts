import { revocationSchema, type Revocation } from '../../auth/revocation.js';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import { bounded } from '../../auth/revocation.js';
import { decode, encode, SchemaError } from '../../schemas/schema.js';
import { commandSchema, type ControlCommand } from './control-command.js';

const LONG = 'ä"\n\u2028'.repeat(300);
const REVOCATIONS: readonly Revocation[] = [
  { kind: 'session', id: 'jti x', until: Infinity },
  { kind: 'session', id: LONG, until: 0 },
  { kind: 'user', id: '__proto__', before: Number.MAX_SAFE_INTEGER, until: -Infinity },
  { kind: 'user', id: 'u', before: -1.5, until: Number.MAX_VALUE },
  { kind: 'all', before: 0, until: Infinity },
];
const COMMANDS: readonly ControlCommand[] = [
  { do: 'disconnect_user', userKey: LONG, by: 'ann' },
  { do: 'disconnect_user', userKey: '' },
  { do: 'disconnect_session', jti: 'constructor' },
  { do: 'disconnect_connection', connectionId: 'c' },
  { do: 'reauthorize_user', userKey: 'u' },
  { do: 'revoke_connection', connectionId: 'c', by: '' },
  { do: 'load_revocations' },
  { do: 'restore_revocations' },
  ...REVOCATIONS.map((revocation) => ({ do: 'revoke', revocation }) as const),
];

describe('messages between instances', () => {
  it.each(REVOCATIONS)('preserve a revocation: %j', (revocation) => {
    expect(decode(revocationSchema, encode(revocationSchema, revocation))).toEqual(revocation);
  });

  it.each(COMMANDS)('preserve a control command: %j', (command) => {
    expect(decode(commandSchema, encode(commandSchema, command))).toEqual(command);
  });

  it.each([...COMMANDS])('reject a control command with a missing field: %j', (command) => {
    const fields = Object.keys(command).filter((name) => name !== 'by');
    for (const missing of fields) {
      const rest = Object.fromEntries(Object.entries(command).filter(([name]) => name !== missing));
      expect(() => commandSchema.read(rest, 'it')).toThrow(SchemaError);
    }
  });

  it.each([
    ...[null, 5, 'x', [], {}, { do: 'toString' }, { do: '__proto__' }, { do: 'disconnect_user', userKey: 5 }],
    ...[
      { do: 'disconnect_user', userKey: 'x'.repeat(2_049) },
      { do: 'reauthorize_user', userKey: null },
    ],
    ...[null, 'Infinite', 'NaN', {}, true].map((until) => ({
      do: 'revoke',
      revocation: { kind: 'session', id: 's', until },
    })),
    ...['Infinity', null, 'x'].map((before) => ({ do: 'revoke', revocation: { kind: 'all', before, until: 5 } })),
  ])('reject %j', (value) => {
    expect(() => commandSchema.read(value, 'it')).toThrow(SchemaError);
  });

  it('never contain a number that would be decoded as null', () => {
    expect(() => encode(revocationSchema, { kind: 'all', before: Infinity, until: 5 })).toThrow(SchemaError);
    expect(() => encode(revocationSchema, { kind: 'session', id: 's', until: NaN })).toThrow(SchemaError);
  });

  it('drop unknown fields', () => {
    const read = commandSchema.read(
      JSON.parse('{"do":"reauthorize_user","userKey":"u","__proto__":{"x":1},"new":5}'),
      'it',
    );
    expect(Object.keys(read)).toEqual(['do', 'userKey']);
  });
});

describe('a forged revocation', () => {
  it('of tokens that are issued later is rejected, and no revocation is kept longer than a token can live', () => {
    const now = 1_000_000_000;
    for (const kind of ['user', 'all'] as const) {
      expect(bounded({ kind, id: 'u', before: now + 300_001, until: Infinity }, now, now + 5)).toBeNull();
      expect(bounded({ kind, id: 'u', before: now + 300_000, until: Infinity }, now, now + 5)).toMatchObject({
        until: now + 5,
      });
    }
    expect(bounded({ kind: 'session', id: 's', until: Infinity }, now, now + 5)).toMatchObject({ until: now + 5 });
  });
});

describe('ClusterSeal', () => {
  const OLD = 'an old key that is long enough for this';
  const NEW = 'a new key that is long enough for this..';

  it('opens, unchanged, a string that was sealed with one of its keys for the same purpose', () => {
    const sealed = new ClusterSeal([OLD]).seal('$ctl', '{"do":"x"}');
    expect(new ClusterSeal([NEW, OLD]).open('$ctl', sealed)).toBe('{"do":"x"}');
    expect(new ClusterSeal([NEW, OLD]).seal('$ctl', 'x')).toBe(new ClusterSeal([NEW]).seal('$ctl', 'x'));
  });

  it.each<[string, (sealed: string) => string]>([
    ['without a seal', () => '{"do":"x"}'],
    ['with an empty seal', () => '.{"do":"x"}'],
    ['changed', (sealed) => sealed.replace('"x"', '"y"')],
    ['with another seal', (sealed) => sealed.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))],
    ['cut off', (sealed) => sealed.slice(0, 43)],
    ['with characters of two bytes', (sealed) => 'ä'.repeat(43) + sealed.slice(43)],
    ['sealed for another purpose', () => new ClusterSeal([OLD]).seal('$ask', '{"do":"x"}')],
    ['sealed with an unknown key', () => new ClusterSeal([NEW]).seal('$ctl', '{"do":"x"}')],
  ])('rejects a string that is %s', (_what, change) => {
    const seal = new ClusterSeal([OLD]);
    expect(() => seal.open('$ctl', change(seal.seal('$ctl', '{"do":"x"}')))).toThrow('clusterKeys');
  });

  it('does nothing without a key', () => {
    expect(new ClusterSeal([]).open('a', new ClusterSeal([]).seal('b', 'x'))).toBe('x');
  });
});
