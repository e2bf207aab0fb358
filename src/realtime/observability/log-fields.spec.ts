import { fieldsOf } from './log-fields.js';

describe('the fields of a line', () => {
  it('are unquoted if they are plain, and omitted if they are null or undefined', () => {
    expect(
      fieldsOf({ code: 4401, user: 'u1@example.com', channel: 'apps:created', tenant: null, none: undefined }),
    ).toBe(' code=4401 user=u1@example.com channel=apps:created');
  });

  it('are quoted if they could inject a line, a field or a colour', () => {
    expect(fieldsOf({ user: 'a\nERROR all is lost' })).toBe(' user="a\\nERROR all is lost"');
    expect(fieldsOf({ user: 'a code=1' })).toBe(' user="a code=1"');
    expect(fieldsOf({ user: '\u001b[31m' })).toBe(' user="\\u001b[31m"');
    expect(fieldsOf({ user: '' })).toBe(' user=""');
  });

  it('are truncated', () => {
    expect(fieldsOf({ user: 'x'.repeat(1_000) }).length).toBeLessThan(220);
  });
});
