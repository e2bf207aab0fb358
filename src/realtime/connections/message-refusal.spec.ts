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
});
