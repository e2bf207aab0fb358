/** Returns microseconds of a clock that all processes of the machine share. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
