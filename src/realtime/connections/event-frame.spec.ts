import { Expose } from 'class-transformer';
import { FieldGroups } from '../channels/fields/field-groups.js';
import { EventFrame } from './event-frame.js';

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
