import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Parts of the bench that must not share a process: each is forked, tells when it is ready, and answers questions. */

type Answers = Readonly<Record<string, (argument: unknown) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** The child's side: tells what it is ready with, answers until its parent lets go, then closes and ends. */
export const serve = (ready: unknown, answers: Answers, close: () => Promise<void> | void): void => {
  process.on("message", (question: Question) => {
    const reply = (answer: Omit<Answer, "id">): void => {
      process.send?.({ id: question.id, ...answer });
    };
    Promise.resolve()
      .then(() => {
        const answer = answers[question.name];
        if (answer === undefined) throw new Error(`No answer to ${question.name}`);
        return answer(question.argument);
      })
      .then(
        (value) => reply({ value }),
        (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.once("disconnect", () => {
    void Promise.resolve(close()).finally(() => process.exit(0));
  });
  // A terminal sends Ctrl+C to the whole group: the parent takes its children down in order.
  process.on("SIGINT", () => undefined);
  process.send?.({ id: 0, value: ready });
};

/** What the parent gave: the one argument of `startProcess`. */
export const processInput = <Input>(): Input => JSON.parse(process.argv[2] ?? "{}") as Input;

const stopTimeoutMs = 5_000;

/** The parent's side of one child. */
export class BenchProcess<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #waiting: Map<number, (answer: Answer) => void>;
  #next = 1;

  private constructor(child: ChildProcess, ready: Ready, waiting: Map<number, (answer: Answer) => void>) {
    this.#child = child;
    this.ready = ready;
    this.#waiting = waiting;
  }

  /**
   * Forks `<name>.ts` in this folder, or in the same folder of another checkout. It gets only PATH and `env` from this
   * process's environment, so that no real key reaches a fake server. Rejects when it ends before it is ready.
   */
  static async start<Ready>(
    name: string,
    input: unknown = {},
    env: Readonly<Record<string, string>> = {},
    execArgv: readonly string[] = [],
    folder: string = import.meta.dirname,
  ): Promise<BenchProcess<Ready>> {
    const child = fork(join(folder, `${name}.ts`), [JSON.stringify(input)], {
      env: { PATH: process.env.PATH, ...env },
      execArgv: [...execArgv],
    });
    const waiting = new Map<number, (answer: Answer) => void>();
    const ready = Promise.withResolvers<Answer>();
    waiting.set(0, ready.resolve);
    child.on("message", (answer: Answer) => {
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    });
    child.once("exit", (code, signal) => {
      const error = `The ${name} process ended with ${signal ?? code}`;
      ready.reject(new Error(`${error} before it was ready`));
      for (const [id, resolve] of waiting) resolve({ id, error });
    });
    const { value } = await ready.promise;
    return new BenchProcess(child, value as Ready, waiting);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the child. Rejects with what its answer threw, or when it is gone. */
  ask<Value>(name: string, argument?: unknown): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const id = this.#next++;
    this.#waiting.set(id, ({ value, error }) =>
      error === undefined ? resolve(value as Value) : reject(new Error(error)),
    );
    this.#child.send({ id, name, argument } satisfies Question);
    return promise;
  }

  /** Lets go of the child, which closes and ends; what does not end in 5 s is killed. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await gone;
    clearTimeout(timer);
  }
}
