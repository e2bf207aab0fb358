import { BadRequestException, GoneException, HttpException, UnauthorizedException } from '@nestjs/common';
import { WsException } from '@nestjs/websockets';
import { ProtocolError } from '../../protocol/index.js';
import { refusalOf } from './message-refusal.js';

describe('refusalOf', () => {
  it.each<[string, unknown, string, string]>([
    ['a refusal of the protocol', new ProtocolError('forbidden', { message: 'No' }), 'forbidden', 'No'],
    ['a string', new WsException('Not today'), 'invalid_message', 'Not today'],
    ['a guard', new WsException('Forbidden resource'), 'forbidden', 'Not allowed to send "rename"'],
    ['Unauthorized', new WsException('Unauthorized'), 'forbidden', 'Not allowed to send "rename"'],
    ['a code', new WsException({ code: 'unavailable', message: 'Soon' }), 'unavailable', 'Soon'],
    [
      'a code without a message',
      new WsException({ code: 'unavailable' }),
      'unavailable',
      'Temporarily unavailable: try again',
    ],
    ['an unknown code', new WsException({ code: 'toString', message: 'x' }), 'invalid_message', 'x'],
    ['a status', new GoneException('It is gone'), 'invalid_message', 'It is gone'],
    ['a status without a message', new UnauthorizedException(), 'forbidden', 'Not allowed to send "rename"'],
    ['an object', new BadRequestException({ message: 'Taken' }), 'invalid_message', 'Taken'],
    ['another object', new BadRequestException({ reason: 'x' }), 'invalid_message', 'Bad Request Exception'],
    ['a list', new BadRequestException(['a', 'b']), 'invalid_message', 'The data is not valid'],
    ['an empty string', new WsException(''), 'invalid_message', 'The frame is not a valid message'],
    ['a message without a code', new WsException({ message: 'Taken' }), 'invalid_message', 'Taken'],
    [
      'a message that is not a string',
      new WsException({ message: 1 }),
      'invalid_message',
      'The frame is not a valid message',
    ],
    ['a payload of a filter', { message: 'Taken' }, 'invalid_message', 'Taken'],
    ['a status of 400', new HttpException('Bad', 400), 'invalid_message', 'Bad'],
    ['a status of 403', new HttpException('Banned', 403), 'forbidden', 'Banned'],
    ['a status of 408', new HttpException('Slow', 408), 'unavailable', 'Slow'],
    ['a status of 429', new HttpException('Often', 429), 'rate_limited', 'Often'],
    ['a status of 499', new HttpException('Left', 499), 'invalid_message', 'Left'],
    ['a status of 502', new HttpException('Later', 502), 'unavailable', 'Later'],
    ['a status of 503', new HttpException('Later', 503), 'unavailable', 'Later'],
    ['a status of 504', new HttpException('Later', 504), 'unavailable', 'Later'],
  ])('converts %s', (_what, error, code, message) => {
    expect(refusalOf(error, 'rename')).toMatchObject({ code, message });
  });

  it.each<[string, unknown]>([
    ['an error', new Error('secret')],
    ['a status of 500', new HttpException('secret', 500)],
    ['the message with which Nest hides an error', { status: 'error', message: 'Internal server error' }],
    ['nothing', undefined],
    ['null', null],
    ['an object without a message', new WsException({ reason: 'x' })],
  ])('reveals nothing about %s', (_what, error) => {
    expect(refusalOf(error)).toBeNull();
  });

  it('returns at most twenty problems, nested ones with their path', () => {
    const child = { property: 'name', constraints: { isString: 'name must be a string' } };
    const errors = Array.from({ length: 30 }, () => ({ property: 'owner', children: [child, null, { x: 1 }] }));
    const { details } = refusalOf(new WsException(errors))!;
    expect(details).toHaveLength(20);
    expect(details![0]).toEqual({ field: 'owner.name', message: 'name must be a string' });
  });

  it('quotes at most a hundred characters of the type, and none if there is no type', () => {
    expect(refusalOf('Forbidden', 'x'.repeat(200))?.message).toBe(`Not allowed to send "${'x'.repeat(100)}"`);
    expect(refusalOf('Forbidden')?.message).toBe('Not allowed to send this message');
  });

  it('describes each problem of a field, and skips entries that are not problems', () => {
    const entries = [
      'name must be a string',
      { property: 'age', constraints: { min: 'too young', isInt: 'no integer' }, children: 'none' },
      {
        property: 'address',
        children: [{ property: 'city', children: [{ property: 'zip', constraints: { a: 'b' } }] }],
      },
      ...[null, 1, { constraints: { a: 'b' } }],
    ];
    expect(refusalOf(entries)?.details).toEqual([
      { field: 'data', message: 'name must be a string' },
      { field: 'age', message: 'too young' },
      { field: 'age', message: 'no integer' },
      { field: 'address.city.zip', message: 'b' },
    ]);
  });
});
