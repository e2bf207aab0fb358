import { readFileSync } from 'node:fs';
import { PLATFORM_CHANNELS } from '../../src/protocol/platform-events.js';
import {
  CLOSE_CODES,
  ERROR_CODES,
  RECOVERY_REASONS,
  REQUEST_TYPES,
  SERVER_FRAME_TYPES,
} from '../../src/protocol/index.js';

const protocol = readFileSync('docs/PROTOCOL.md', 'utf8');

/** Returns the rows of the table under a heading, as lists of cells. */
function rowsUnder(heading: string, page = protocol): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/PROTOCOL.md', () => {
  it('lists exactly the error codes of the catalogue, with their meaning', () => {
    const expected = Object.entries(ERROR_CODES).map(([code, { meaning }]) => [`\`${code}\``, meaning]);
    expect(rowsUnder('Error codes')).toEqual(expected);
  });

  it("lists exactly the close codes of the catalogue, with their reason and the client's reaction", () => {
    const expected = Object.values(CLOSE_CODES).map(({ code, reason, then }) => [String(code), reason, then]);
    expect(rowsUnder('Close codes')).toEqual(expected);
  });

  it('has every frame that a client can send', () => {
    const table = rowsUnder('From the client').flat().join('\n');
    for (const type of REQUEST_TYPES) expect(table).toContain(`{"type":"${type}"`);
  });

  it('has every frame that the server can send', () => {
    const types = Object.keys(SERVER_FRAME_TYPES);
    const named = rowsUnder('From the server').map(([frame]) => /"type":"(\w+)"/.exec(frame!)?.[1]);
    expect(named).toHaveLength(types.length);
    expect(new Set(named)).toEqual(new Set(types));
  });

  it('has every built-in channel, as docs/channels.md has', () => {
    const channels = ['user:{userId}', ...Object.keys(PLATFORM_CHANNELS)].toSorted();
    const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
    expect(
      rowsUnder('Channels')
        .flatMap(([cell]) => namesIn(cell!))
        .toSorted(),
    ).toEqual(channels);
    // There a group is written once: `apps:` `created`, `updated`.
    const guide = rowsUnder('Built-in channels', readFileSync('docs/channels.md', 'utf8')).flatMap(([cell]) => {
      const [first, ...others] = namesIn(cell!);
      return first!.endsWith(':') ? others.map((name) => first! + name) : [first!];
    });
    expect(guide.toSorted()).toEqual(channels);
  });

  it('has every reason for lost continuity', () => {
    for (const reason of RECOVERY_REASONS) expect(protocol).toContain(`\`${reason}\``);
  });
});
