import { isNotice, LOOK, noticeOf, parseNotice } from './stream-notice.js';

describe('a notice', () => {
  it('survives the way between instances', () => {
    const notice = { id: 's1', at: 3, next: 9, text: 'ä\n"é' };
    expect([isNotice(noticeOf(notice)), parseNotice(noticeOf(notice))]).toEqual([true, notice]);
  });

  it('without text names the length', () => {
    expect(parseNotice(noticeOf({ id: 's1', at: 9, next: 9, text: '' }))).toMatchObject({ at: 9, next: 9 });
  });

  it('that asks to look has no part, and the body of an event is not a notice', () => {
    expect([isNotice(LOOK), parseNotice(LOOK), isNotice('"channel":"apps:created"')]).toEqual([true, null, false]);
  });

  it.each([
    ['an object', '{}'],
    ['a broken list', '['],
    ['too few values', '["s1",0]'],
    ['a number as id', '[1,0,1,"a"]'],
    ['a negative position', '["s1",-1,0,"a"]'],
    ['a broken position', '["s1",0.5,1.5,"a"]'],
    ['an infinite position', '["s1",0,1e999,"a"]'],
    ['a text of another length', '["s1",0,2,"a"]'],
    ['a text that is a list', '["s1",0,1,["a"]]'],
  ])('that another program wrote is skipped: %s', (_, json) => {
    expect(parseNotice(`"stream":${json}`)).toBeNull();
  });
});
