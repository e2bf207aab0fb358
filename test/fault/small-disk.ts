import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory on a small file system that can be filled. Mounting requires root. */
export class SmallDisk {
  private mounted = true;
  private readonly unmountWithUs = (): void => this.unmount();

  private constructor(
    readonly directory: string,
    private readonly bytes: number,
  ) {
    process.once('exit', this.unmountWithUs);
  }

  /** @throws if this process cannot mount */
  static mount(directory: string, bytes: number): SmallDisk {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory], { stdio: 'pipe' });
    } catch (error) {
      const { stderr } = error as { readonly stderr: Buffer };
      throw new Error(`A disk that can be full needs root, to mount a tmpfs: ${stderr.toString()}`, { cause: error });
    }
    return new SmallDisk(directory, bytes);
  }

  /** Fills the disk completely. */
  async fill(): Promise<void> {
    try {
      await writeFile(this.filler, Buffer.alloc(this.bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  async free(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  unmount(): void {
    if (!this.mounted) return;
    this.mounted = false;
    process.off('exit', this.unmountWithUs);
    execFileSync('umount', ['-l', this.directory]);
  }

  private get filler(): string {
    return join(this.directory, 'filler');
  }
}
