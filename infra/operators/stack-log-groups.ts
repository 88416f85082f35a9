import { Fn } from "aws-cdk-lib";
import { backgroundFunctions, catchAll, type Route, routes } from "#core/routes.ts";
import { generatingRoutes, type LogSource } from "./queries.ts";
import type { StackNames } from "./stack-names.ts";

const everyRoute = (routes as readonly Route[]).map(({ id }) => id);
const background = backgroundFunctions.map(({ id }) => id);

const functionsOf = {
  generating: generatingRoutes,
  everything: [...everyRoute, catchAll.id, ...background],
  background,
} as const satisfies Record<Exclude<LogSource, "access-log">, readonly string[]>;

/** Every function of a stage is called `concurred-<stage>-<id>` (infra/functions.ts), its log group after it. */
export const logGroupPrefix = (stage: string): string => `/aws/lambda/concurred-${stage}-`;

/** The log groups that queries read. */
export class LogGroups {
  readonly #names: StackNames;

  constructor(names: StackNames) {
    this.#names = names;
  }

  namesOf(source: LogSource): readonly string[] {
    if (source === "access-log") return [this.#names.of("AccessLogGroupName")];
    return functionsOf[source].map((id) => logGroupPrefix(this.#names.stage) + id);
  }

  /** The same for a property that is a list. One text that CloudFormation splits: the prefix is written once. */
  listOf(source: LogSource): string[] {
    if (source === "access-log") return [...this.namesOf(source)];
    const names = functionsOf[source].map((id) => `\${P}${id}`).join(",");
    return Fn.split(",", Fn.sub(names, { P: logGroupPrefix(this.#names.stage) }));
  }
}
