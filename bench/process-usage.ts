import { readFileSync } from 'node:fs';

/** Length of a tick in /proc, on every Linux, in microseconds. */
const TICK = 10_000;

/** Returns the CPU time of another process so far, in microseconds. The system counts in steps of 10 ms. */
export function cpuOfProcess(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** Returns the resident memory of another process, in bytes. */
export function memoryOfProcess(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  return Number(kilobytes) * 1_024;
}
