/** Microseconds of the one clock that all processes of a machine share. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
