import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EMPTY, NEVER, Subject, of, throwError, type Observable } from 'rxjs';
import { framesOf, offlineConnection, type OfflineConnection } from '../../../test/support/offline-connection.js';
import { ProtocolError } from '../../protocol/index.js';
import { runningMessageOf } from '../connections/running-message.js';
import { abandonMessages, MessageRunner } from './message-runner.js';

describe('MessageRunner', () => {
  const limits = { maxRunningMessages: 2, messageTimeoutMs: 1_000, maxFrameBytes: 100 };
  let connection: OfflineConnection;
  let handled: unknown[];
  let answers: (data: unknown) => Observable<unknown>;

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));
  beforeEach(() => {
    connection = offlineConnection();
    handled = [];
    const handler = (data: unknown): Observable<unknown> => {
      handled.push([data, runningMessageOf(connection)?.ref]);
      return answers(data);
    };
    connection.messageTypes = new Map([['rename', handler]]);
  });
  afterEach(() => {
    abandonMessages(connection);
    jest.useRealTimers();
  });

  const start = (fields: object = {}, bytes = 10): void =>
    new MessageRunner(limits).start(connection, { type: 'rename', ref: 'r', fields: { ...fields } }, bytes);
  const running = (): number => connection.runningMessages?.size ?? 0;
  const sent = (): object[] =>
    framesOf(connection).map(({ timestamp, ...frame }) => ({ ...frame, ...(!timestamp && {}) }));

  it('passes the data to the handler, or the other fields if there is none', () => {
    answers = () => of(1);
    start({ type: 'rename', ref: 'r', data: { name: 'x' }, other: 1 });
    start({ type: 'rename', ref: 'r', name: 'x' });
    expect(handled).toEqual([
      [{ name: 'x' }, 'r'],
      [{ name: 'x' }, 'r'],
    ]);
  });

  it('sends each value that the handler emits', () => {
    const values = [
      1,
      { event: 'renamed', data: 'x' },
      { event: 'renamed', a: 1 },
      { event: 'empty' },
      { event: 5 },
      null,
      undefined,
    ];
    answers = () => of(...values);
    start();
    expect(sent()).toEqual([
      { type: 'rename', data: 1, ref: 'r' },
      { type: 'renamed', data: 'x', ref: 'r' },
      { type: 'renamed', data: { a: 1 }, ref: 'r' },
      { type: 'empty', ref: 'r' },
      { type: 'rename', data: { event: 5 }, ref: 'r' },
    ]);
    expect(running()).toBe(0);
  });

  it('answers an error of the handler, and a value that JSON would change', () => {
    answers = () => throwError(() => new ProtocolError('forbidden', { message: 'No' }));
    start();
    answers = () => of(new Map());
    start();
    expect(sent()).toMatchObject([
      { type: 'error', code: 'forbidden', ref: 'r' },
      { type: 'error', code: 'internal', ref: 'r' },
    ]);
    expect(running()).toBe(0);
  });

  it('refuses more messages than can run, until one has ended', () => {
    const first = new Subject<unknown>();
    answers = () => first;
    start();
    answers = () => NEVER;
    start();
    expect(() => start()).toThrow('Too many messages are running on this connection (2)');
    first.complete();
    start();
    expect(running()).toBe(2);
  });

  it('refuses more than sixteen frames of unanswered messages', () => {
    const first = new Subject<unknown>();
    answers = () => first;
    start({}, 1_500);
    expect(() => start({}, 101)).toThrow('Too many messages');
    start({}, 100);
    abandonMessages(connection);
    start({}, 1_500);
    first.next('answered');
    start({}, 1_600);
    expect(running()).toBe(2);
  });

  it('answers a message that takes too long, and sends nothing of it afterwards', () => {
    jest.useFakeTimers();
    const late = new Subject<unknown>();
    answers = () => late;
    start();
    jest.advanceTimersByTime(999);
    expect(sent()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(sent()).toMatchObject([{ type: 'error', code: 'unavailable', ref: 'r' }]);
    expect(sent()).toMatchObject([{ message: 'No answer to "rename" within 1000 ms: try again' }]);
    late.next('late');
    expect([sent().length, running(), late.observed]).toEqual([1, 0, false]);
  });

  it('has no time limit after the first answer', () => {
    jest.useFakeTimers();
    const slow = new Subject<unknown>();
    answers = () => slow;
    start();
    slow.next(1);
    jest.advanceTimersByTime(60_000);
    slow.next(2);
    expect(sent()).toMatchObject([{ data: 1 }, { data: 2 }]);
  });

  it('leaves no timer after the end of a message', () => {
    jest.useFakeTimers();
    for (const given of [of(1), EMPTY, throwError(() => new ProtocolError('forbidden'))]) {
      answers = () => given;
      start();
      expect(jest.getTimerCount()).toBe(0);
    }
    answers = () => NEVER;
    start();
    abandonMessages(connection);
    expect(jest.getTimerCount()).toBe(0);
  });
});
