import { Expose } from 'class-transformer';
import { ExposeToUser } from '../channels/fields/expose-to-user.js';
import { FieldGroups } from '../channels/fields/field-groups.js';
import { EventBatch, EventFrame } from './event-frame.js';
import { COMPRESS_FROM_BYTES } from './frame-bytes.js';

class Note {
  id!: string;

  @Expose({ groups: ['admin'] })
  secret!: string;
}

const body = (data: string) => `"channel":"notes","data":${data},"timestamp":"2026-01-01T00:00:00.000Z"}`;

describe('an event with restricted fields', () => {
  const fields = FieldGroups.of(Note)!;
  const noGroups = fields.viewOf([]);
  const textOf = (data: string, view = noGroups) =>
    EventFrame.of({ position: null, body: body(data) }, fields)
      .viewedBy(view)
      .bytes.toString();

  it('contains the fields of the view, in one frame shared by all receivers with that view', () => {
    expect(textOf('{"id":"1","secret":"s"}')).toContain(body('{"id":"1"}'));
    expect(textOf('{"id":"1","secret":"s"}', fields.viewOf(['admin']))).toContain(body('{"id":"1","secret":"s"}'));
    const frame = EventFrame.of({ position: null, body: body('{"id":"1","secret":"s"}') }, fields);
    expect(frame.viewedBy(noGroups)).toBe(frame.viewedBy(noGroups));
    expect(frame.viewedBy(fields.viewOf(['admin']))).toBe(frame);
  });

  it.each(['{"id":"1","secret":"s"', '{"secret":"s"},"data":[', 'secret'])(
    'has no data if its body cannot be parsed: %s',
    (data) => {
      expect(textOf(data)).toContain(body('null'));
    },
  );
});

describe('an event', () => {
  const position = { epoch: 'e', offset: 7 };

  it('has its position, time and text', () => {
    const frame = new EventFrame(position, body('1'));
    expect(frame.bytes.toString()).toBe(`{"type":"event","id":"e-7",${body('1')}`);
    expect(new Date(frame.emittedAt).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  it('is compressed once if that is worth it, and sent as it is otherwise', () => {
    const [small, large] = [new EventFrame(null, body('1')), new EventFrame(null, body(`"${'x'.repeat(2_000)}"`))];
    expect(small.deflated).toBe(small.wire);
    expect(large.deflated.length).toBeLessThan(COMPRESS_FROM_BYTES);
    expect(large.deflated).toBe(large.deflated);
  });

  it('has no data if its fields are restricted and this instance does not know the restrictions', () => {
    const limited = `"channel":"notes","data": {"secret":"s"},"timestamp":"2026-01-01T00:00:00.000Z"}`;
    expect(EventFrame.of({ position, body: limited }, null).bytes.toString()).toContain(body('null'));
    expect(EventFrame.of({ position, body: body('{"a":1}') }, null).bytes.toString()).toContain(body('{"a":1}'));
    expect(EventFrame.of({ position, body: limited }, FieldGroups.of(Note)).bytes.toString()).toContain('secret');
  });
});

describe('the events of a turn', () => {
  class Task {
    id!: string;

    @ExposeToUser('owner')
    note!: string;

    @Expose()
    owner!: string;
  }

  const fields = FieldGroups.of(Task)!;
  const noGroups = fields.viewOf([]);
  const task = (owner: string): EventFrame =>
    EventFrame.of({ position: null, body: body(JSON.stringify({ id: owner, note: 'n', owner })) }, fields);
  const textOf = (batch: EventBatch): string => batch.wire.toString('latin1');

  it('are written as they are if there is one, and joined once if there are several', () => {
    const [one, other] = [new EventFrame(null, body('1')), new EventFrame(null, body(`"${'x'.repeat(2_000)}"`))];
    expect([new EventBatch([one]).wire, new EventBatch([other]).deflated]).toEqual([one.wire, other.deflated]);
    expect(new EventBatch([one]).wire).toBe(one.wire);
    const both = new EventBatch([one, other]);
    expect(both.wire).toEqual(Buffer.concat([one.wire, other.wire]));
    expect(both.deflated).toEqual(Buffer.concat([one.wire, other.deflated]));
    expect([both.wire, both.deflated]).toEqual([both.wire, both.deflated]);
    expect(both.wire).toBe(both.wire);
    expect(both.deflated).toBe(both.deflated);
  });

  it('name all users who receive more fields of one of them', () => {
    const viewed = new EventBatch([task('u'), task('v')]).viewedBy(noGroups);
    expect([...viewed.users].toSorted()).toEqual(['u', 'v']);
    expect(viewed.users).toBe(viewed.users);
    expect([...new EventBatch([task('u')]).viewedBy(noGroups).users]).toEqual(['u']);
  });

  it('show a restricted field to its user only', () => {
    const batch = new EventBatch([task('u'), task('v')]);
    expect(textOf(batch.viewedBy(noGroups))).not.toContain('"note"');
    const ofUser = textOf(batch.viewedBy({ ...noGroups, userId: 'u' }));
    expect(ofUser).toContain('"id":"u","note"');
    expect(ofUser).not.toContain('"id":"v","note"');
    expect(batch.viewedBy(noGroups)).toBe(batch.viewedBy(noGroups));
  });

  it('are limited if their fields are', () => {
    expect([
      new EventBatch([task('u')]).isLimited,
      new EventBatch([new EventFrame(null, body('1'))]).isLimited,
    ]).toEqual([true, false]);
  });

  it('are counted by the batch that all views come from', () => {
    const batch = new EventBatch([task('u')]);
    batch.viewedBy(noGroups).countDelivered(2);
    batch.countDelivered(3);
    expect([batch.delivered, batch.viewedBy(noGroups).delivered]).toEqual([5, 0]);
  });
});
