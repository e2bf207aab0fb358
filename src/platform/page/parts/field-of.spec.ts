import { fieldOf } from './field-of.js';

it.each([
  ['email must be an email', 'email'],
  ['Password must not be empty', 'password'],
  ['Wrong email or password', 'name'],
  ['nameless', 'name'],
])('shows "%s" beside the field %s', (message, field) => {
  expect(fieldOf(message, ['name', 'email', 'password'])).toBe(field);
});
