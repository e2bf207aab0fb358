/** A step that can happen now, of one instance. */
interface Task {
  readonly owner: object;
  run(): void;
}

/** The calls between instances and the backend. Each takes effect, and is answered, when the test picks it. */
export class Scheduler {
  private tasks: Task[] = [];
  /** Number of tasks that ran. */
  done = 0;

  get size(): number {
    return this.tasks.length;
  }

  /** Calls the backend: first the call takes effect, in a later step its answer arrives. */
  call<T>(owner: object, effect: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.tasks.push({
        owner,
        run: () => {
          effect().then(
            (answer) => this.tasks.push({ owner, run: () => resolve(answer) }),
            (error: Error) => this.tasks.push({ owner, run: () => reject(error) }),
          );
        },
      });
    });
  }

  add(owner: object, run: () => void): void {
    this.tasks.push({ owner, run });
  }

  /** Runs one task. @returns false if there is none */
  step(pick: number): boolean {
    const [task] = this.tasks.splice(pick % Math.max(1, this.tasks.length), 1);
    if (task === undefined) return false;
    this.done += 1;
    task.run();
    return true;
  }

  /** Forgets the calls and answers of an instance that was killed. */
  forget(owner: object): void {
    this.tasks = this.tasks.filter((task) => task.owner !== owner);
  }
}
