import {
  ConflictException,
  ForbiddenException,
  GoneException,
  HttpException,
  NotFoundException,
  PayloadTooLargeException,
  PreconditionFailedException,
  RequestTimeoutException,
  UnauthorizedException,
} from '@nestjs/common';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';
import { StreamOpenError } from '../streams/errors.js';
import { callRefusalOf } from './call-refusal.js';

describe('the refusal of a call', () => {
  it.each<[string, unknown, string]>([
    ['404', new NotFoundException('Unknown app'), 'not_found: Unknown app'],
    ['410', new GoneException('gone'), 'not_found: gone'],
    ['409', new ConflictException('taken'), 'conflict: taken'],
    ['412', new PreconditionFailedException('stale'), 'conflict: stale'],
    ['413', new PayloadTooLargeException('big'), 'too_large: big'],
    ['408', new RequestTimeoutException('late'), 'timeout: late'],
    ['401', new UnauthorizedException('who'), 'forbidden: who'],
    ['a guard with a reason', new ForbiddenException('not yours'), 'forbidden: not yours'],
    ['a guard without one', new ForbiddenException('Forbidden resource'), 'forbidden: Not allowed to call apps.rename'],
    ['a code of the protocol', new ProtocolError('conflict', { message: 'mine' }), 'conflict: mine'],
    ['a stream that is being written', new StreamOpenError('conflict', 'being written'), 'conflict: being written'],
    [
      'too many streams',
      new StreamOpenError('too_many', 'raise it'),
      'unavailable: Temporarily unavailable: try again',
    ],
    ['a long message', new ConflictException('x'.repeat(1_001)), `conflict: ${'x'.repeat(1_000)}`],
  ])('for %s', (_what, error, expected) => {
    const refusal = callRefusalOf(error, 'apps.rename')!;
    expect(`${refusal.code}: ${refusal.message}`).toBe(expected);
  });

  it('distinguishes a busy tenant from an unavailable broker', () => {
    expect(callRefusalOf(new RealtimeUnavailableError('down'), 'a')?.code).toBe('unavailable');
    expect(callRefusalOf(new TenantBusyError('busy'), 'a')?.code).toBe('rate_limited');
  });

  it.each([
    new Error('a bug'),
    new StreamOpenError('invalid_channel', 'not a stream'),
    'text',
    null,
    { code: 'conflict' },
    new HttpException('broken', 500),
  ])('is none for a bug: %s', (error) => expect(callRefusalOf(error, 'a')).toBeNull());

  it('bounds what an application puts into it, and survives anything', () => {
    const details = Array.from({ length: 30 }, () => ({ field: 'f'.repeat(2_000), message: 7 as unknown as string }));
    const refusal = callRefusalOf(new ProtocolError('invalid_message', { details }), 'a')!;
    expect(refusal.details).toHaveLength(20);
    expect(refusal.details![0]).toEqual({ field: 'f'.repeat(1_000), message: '7' });
    const hostile = new ProtocolError('conflict', { details: [{} as never, null as never] });
    expect(callRefusalOf(hostile, 'a')).toBeNull();
    expect(callRefusalOf(new ProtocolError('toString' as never), 'a')).toBeNull();
  });
});
