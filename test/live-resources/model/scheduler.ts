/** Kinds of steps. Those of an instance can be held, as by a slow database or a paused process. */
export const STEP_KINDS = ['load', 'store', 'publish', 'read', 'deliver'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** A step that can happen now, of one instance. */
interface Task {
  readonly owner: object;
  readonly kind: StepKind;
  run(): void;
}

/** The calls between instances and the backend. Each takes effect, and is answered, when the test picks it. */
export class Scheduler {
  private tasks: Task[] = [];
  private readonly held = new Map<object, Set<StepKind>>();
  /** Number of tasks that ran. */
  done = 0;

  get size(): number {
    return this.tasks.length;
  }

  /** Calls the backend: first the call takes effect, in a later step its answer arrives. */
  call<T>(owner: object, kind: StepKind, effect: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.add(owner, kind, () => {
        effect().then(
          (answer) => this.add(owner, kind, () => resolve(answer)),
          (error: Error) => this.add(owner, kind, () => reject(error)),
        );
      });
    });
  }

  add(owner: object, kind: StepKind, run: () => void): void {
    this.tasks.push({ owner, kind, run });
  }

  /** Steps of this kind wait. */
  hold(owner: object, kind: StepKind): void {
    const kinds = this.held.get(owner) ?? new Set();
    this.held.set(owner, kinds.add(kind));
  }

  release(owner: object): void {
    this.held.delete(owner);
  }

  /** Runs one task that is not held. @returns false if there is none */
  step(pick: number): boolean {
    const { held } = this;
    const ready = held.size === 0 ? this.tasks : this.tasks.filter(({ owner, kind }) => !held.get(owner)?.has(kind));
    const task = ready[pick % Math.max(1, ready.length)];
    if (task === undefined) return false;
    this.tasks.splice(this.tasks.indexOf(task), 1);
    this.done += 1;
    task.run();
    return true;
  }

  /** Forgets the calls and answers of an instance that was killed. */
  forget(owner: object): void {
    this.tasks = this.tasks.filter((task) => task.owner !== owner);
    this.release(owner);
  }
}
