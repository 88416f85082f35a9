import { CfnParameter, type Stack } from "aws-cdk-lib";
import type { DeployedName, DimensionValue } from "./series.ts";

/** The stack's parameters. One is declared when something first asks for it, so that none is declared in vain. */
export class StackNames {
  readonly #stack: Stack;
  readonly #declared = new Map<DeployedName, string>();

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** A reference to a name that the deployment gives. */
  of(name: DeployedName): string {
    const known = this.#declared.get(name);
    if (known !== undefined) return known;
    const reference = new CfnParameter(this.#stack, name).valueAsString;
    this.#declared.set(name, reference);
    return reference;
  }

  get stage(): string {
    return this.of("StageName");
  }

  /** `concurred-<stage>-<end>`: what dashboards, alarms and queries are called. */
  named(end: string): string {
    return `concurred-${this.stage}-${end}`;
  }

  valueOf(value: DimensionValue): string {
    if (typeof value === "string") return value;
    return value.deployed === "Region" ? this.#stack.region : this.of(value.deployed);
  }
}
