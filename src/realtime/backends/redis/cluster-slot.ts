const SLOTS = 16_384;

/** For each slot, the smallest number whose decimal string hashes to it. Filled on first use. */
let tags: Int32Array | null = null;

/** Returns the Redis Cluster slot of a hash tag: CRC16 (XMODEM) of its bytes, modulo 16384. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc % SLOTS;
}

/** Returns a short hash tag in the same slot as this channel: the same tag for all channels of that slot. */
export function tagOfSlot(topic: string): number {
  tags ??= tagsOfAllSlots();
  return tags[slotOf(topic)]!;
}

function tagsOfAllSlots(): Int32Array {
  const found = new Int32Array(SLOTS).fill(-1);
  for (let tag = 0, missing = SLOTS; missing > 0; tag += 1) {
    const slot = slotOf(String(tag));
    if (found[slot] !== -1) continue;
    found[slot] = tag;
    missing -= 1;
  }
  return found;
}
