import { writeFileSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/ports.js';
import { Child } from '../../test/support/child.js';
import { cpuOfProcess } from '../process-usage.js';

const START_MS = 60_000;

/** Settings of an instance: see serve.mjs. */
export interface InstanceSettings {
  readonly options: object;
  readonly pattern: string;
  readonly channel: string;
  readonly state: object;
}

/** Measurements of one instance since the report before. */
export interface InstanceReport {
  readonly loads: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** A process with the built module (`BENCH_DIST`, or `dist`). It can be killed, and started again on the same port. */
export class Instance {
  private child: Child | null = null;
  private cpuBefore = 0;

  private constructor(
    private readonly settings: InstanceSettings,
    readonly port: number,
  ) {}

  static async start(settings: InstanceSettings): Promise<Instance> {
    const instance = new Instance(settings, await freePort());
    await instance.start();
    return instance;
  }

  async start(): Promise<void> {
    const dist = resolve(process.env['BENCH_DIST'] ?? 'dist');
    const settings = JSON.stringify({ ...this.settings, dist, port: this.port });
    this.child = new Child(process.execPath, [fileURLToPath(new URL('./serve.mjs', import.meta.url)), settings]);
    this.cpuBefore = 0;
    await this.child.said(/listening on \d+/, START_MS);
  }

  async kill(): Promise<void> {
    await this.child?.stop('SIGKILL');
    this.child = null;
  }

  /** Changes fields of the state that this instance loads. */
  write(partial: object): Promise<void> {
    return this.post('write', partial);
  }

  /** Publishes a change. */
  patch(partial: object): Promise<void> {
    return this.post('patch', partial);
  }

  async report(): Promise<InstanceReport> {
    const pid = this.child!.pid!;
    const response = await fetch(`${this.url}/report`);
    const counted = (await response.json()) as Omit<InstanceReport, 'cpuMs' | 'peakBytes'>;
    const cpu = cpuOfProcess(pid);
    const cpuMs = (cpu - this.cpuBefore) / 1_000;
    this.cpuBefore = cpu;
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
    writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak starts again from the present size
    return { ...counted, cpuMs, peakBytes: Number(peak) * 1_024 };
  }

  private async post(path: string, body: object): Promise<void> {
    const response = await fetch(`${this.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST /${path} answered ${response.status}: ${await response.text()}`);
  }

  private get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}
