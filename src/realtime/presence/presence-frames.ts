import type { MemberData } from './member-data.js';

/** A member for a frame. */
export interface ListedMember {
  readonly userId: string;
  readonly connections: number;
  readonly data?: MemberData;
}

/** Maximum number of members in one list of a frame. */
const MAX_MEMBERS = 2_000;
/** Maximum size of one list of a frame, in bytes. */
const MAX_BYTES = 131_072;

/** Returns a member as JSON. Info and state are JSON already. */
export function memberText({ userId, connections, data }: ListedMember): string {
  const info = data?.info ? `,"info":${data.info.json}` : '';
  const state = data?.state ? `,"state":${data.state.json}` : '';
  return `{"userId":${JSON.stringify(userId)},"connections":${connections}${info}${state}}`;
}

/** Serialises a `presence` frame once for all watchers. @param members as JSON */
export function presenceFrame(channel: string, members: readonly string[], count: number): Buffer {
  const about = `"type":"presence","channel":${JSON.stringify(channel)}`;
  return frameOf(`${about},"members":[${members.join(',')}],"count":${count}`);
}

/** Changes of the members of a channel. */
export interface MemberChanges {
  readonly joined: readonly ListedMember[];
  readonly left: readonly ListedMember[];
  readonly updated: readonly ListedMember[];
}

/** Serialises changes: one `presence_diff` frame, or several if there are many. */
export function* diffFrames(channel: string, { joined, left, updated }: MemberChanges): Iterable<Buffer> {
  const lists = [[...pages(joined)], [...pages(left)], [...pages(updated)]] as const;
  const about = `"type":"presence_diff","channel":${JSON.stringify(channel)}`;
  for (let at = 0; at < Math.max(...lists.map(({ length }) => length)); at += 1) {
    const [here, gone, changed] = lists.map((list) => list[at] ?? '');
    yield frameOf(`${about},"joined":[${here}],"left":[${gone}]${changed === '' ? '' : `,"updated":[${changed}]`}`);
  }
}

/** Joins members into pieces that fit into a frame. */
function* pages(members: readonly ListedMember[]): Iterable<string> {
  let page: string[] = [];
  let bytes = 0;
  for (const member of members) {
    const text = memberText(member);
    const size = Buffer.byteLength(text) + 1;
    if (page.length === MAX_MEMBERS || (bytes + size > MAX_BYTES && page.length > 0)) {
      yield page.join(',');
      page = [];
      bytes = 0;
    }
    page.push(text);
    bytes += size;
  }
  if (page.length > 0) yield page.join(',');
}

function frameOf(fields: string): Buffer {
  return Buffer.from(`{${fields},"timestamp":"${new Date().toISOString()}"}`);
}
