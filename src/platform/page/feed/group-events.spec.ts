import type { RealtimeEvent } from '../../../client/index.js';
import { eventKey } from './event-key.js';
import { groupEvents } from './group-events.js';

const event = (channel: string, data: unknown): RealtimeEvent => ({
  ...{ channel, data, timestamp: '2026-01-01T00:00:00.000Z', id: undefined },
});
const deployment = (id: string, status: string, more: object = {}): RealtimeEvent =>
  event(`deployments:${status}`, { id, status, appName: `app of ${id}`, reason: null, ...more });
const rows = (...events: RealtimeEvent[]) =>
  groupEvents(events, eventKey).map(({ events: of, deployment: progress }) => [of.length, progress?.status ?? null]);

it('makes one row of a deployment, with its last state', () => {
  const events = [
    deployment('d1', 'started'),
    event('apps:status', { id: 'a1', status: 'deploying', deploymentId: 'd1' }),
    deployment('d1', 'completed'),
    event('apps:deployed', { id: 'a1', deploymentId: 'd1' }),
  ];
  expect(rows(...events)).toEqual([[4, 'completed']]);
  const failed = deployment('d1', 'failed', { reason: 'no answer' });
  expect(groupEvents([...events, failed], eventKey)[0]?.deployment).toEqual({
    ...{ status: 'failed', appName: 'app of d1', reason: 'no answer' },
  });
});

it('moves the row of a deployment to the top with each of its events', () => {
  const [first, second] = [deployment('d1', 'started'), deployment('d2', 'started')];
  const created = event('apps:created', { id: 'a9' });
  expect(groupEvents([first, second, created], eventKey).map(({ key }) => key)).toEqual([
    `event ${eventKey(created)}`,
    'deployment d2',
    'deployment d1',
  ]);
  const keys = groupEvents([first, second, created, deployment('d1', 'building')], eventKey).map(({ key }) => key);
  expect(keys).toEqual(['deployment d1', `event ${eventKey(created)}`, 'deployment d2']);
});

it('does not group other events, nor data of an unexpected shape', () => {
  expect(
    rows(
      ...[event('apps:created', { id: 'a1' }), event('apps:created', { id: 'a1' })],
      ...[event('deployments:started', null), event('deployments:started', { id: 7 })],
      ...[event('announcements', 'd1'), event('apps:status', { deploymentId: { $ne: 1 } })],
    ),
  ).toEqual(Array.from({ length: 6 }, () => [1, null]));
  expect(rows(event('apps:status', { id: 'a1', deploymentId: 'd1' }))).toEqual([[1, null]]);
  expect(rows(deployment('d1', 'started', { appName: undefined }))).toEqual([[1, null]]);
});
