import { randomUUID } from "node:crypto";
import type { Directives } from "#infra/local/providers/directives.ts";
import type { JsonObject } from "#infra/local/providers/json.ts";

/** Work that a simulated provider was handed: done at the poll after so many, or failed there. */
export interface Task {
  readonly id: string;
  readonly input: JsonObject;
  /** Such as the model or the path. */
  readonly what: string;
  readonly failure: string | undefined;
  readonly pollsNeeded: number;
  polls: number;
}

export type TaskState = "waiting" | "running" | "done" | "failed";

const maxTasks = 1_000;
const defaultPolls = 1;

/** The tasks of one simulated provider, the newest thousand. */
export class TaskStore {
  readonly #tasks = new Map<string, Task>();

  add(what: string, input: JsonObject, { polls, failure }: Directives): Task {
    const task: Task = {
      id: randomUUID(),
      input,
      what,
      failure: failure?.replaceAll("_", " "),
      pollsNeeded: polls ?? defaultPolls,
      polls: 0,
    };
    this.#tasks.set(task.id, task);
    const oldest = this.#tasks.keys().next().value;
    if (this.#tasks.size > maxTasks && oldest !== undefined) this.#tasks.delete(oldest);
    return task;
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** Counts a poll and tells where the task is. */
  poll(task: Task): TaskState {
    task.polls += 1;
    if (task.polls <= task.pollsNeeded) return task.polls === 1 && task.pollsNeeded > 1 ? "waiting" : "running";
    return task.failure === undefined ? "done" : "failed";
  }
}
