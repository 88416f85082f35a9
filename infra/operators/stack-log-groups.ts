import { logGroupKinds, logGroupName } from "#infra/log-groups.ts";
import type { LogSource } from "./queries.ts";
import type { StackNames } from "./stack-names.ts";

/** The log groups that queries read: of each kind of function, never of each function. */
export class LogGroups {
  readonly #names: StackNames;

  constructor(names: StackNames) {
    this.#names = names;
  }

  namesOf(source: LogSource): string[] {
    if (source === "access-log") return [this.#names.of("AccessLogGroupName")];
    const kinds = source === "everything" ? logGroupKinds : [source];
    return kinds.map((kind) => logGroupName(this.#names.stage, kind));
  }
}
