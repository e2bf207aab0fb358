import { fieldsOf } from './log-fields.js';

describe('the fields of a line', () => {
  it('are told as they are, where they are plain, and left out where there is nothing', () => {
    expect(
      fieldsOf({ code: 4401, user: 'u1@example.com', channel: 'apps:created', tenant: null, none: undefined }),
    ).toBe(' code=4401 user=u1@example.com channel=apps:created');
  });

  it('are quoted where somebody could write a line, a field or a colour of his own', () => {
    expect(fieldsOf({ user: 'a\nERROR all is lost' })).toBe(' user="a\\nERROR all is lost"');
    expect(fieldsOf({ user: 'a code=1' })).toBe(' user="a code=1"');
    expect(fieldsOf({ user: '\u001b[31m' })).toBe(' user="\\u001b[31m"');
    expect(fieldsOf({ user: '' })).toBe(' user=""');
  });

  it('are short', () => {
    expect(fieldsOf({ user: 'x'.repeat(1_000) }).length).toBeLessThan(220);
  });
});
