import type { MockedRun } from "./registration.ts";

/** One statement of any policy of a run, in one form, with who holds it. */
export interface PolicyStatement {
  /** Logical name of the role, key or queue. */
  readonly holder: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principals: readonly string[];
  /** `test variable=value,value`, sorted. */
  readonly conditions: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)];

const principalsOf = (principal: unknown): readonly string[] =>
  typeof principal === "object" && principal !== null ? Object.values(principal).flatMap(list) : list(principal);

/** SST's statements have conditions as a list, written policies as nested objects. */
const conditionsOf = (condition: unknown): readonly string[] => {
  if (Array.isArray(condition)) {
    return condition.map(({ test, variable, values }) => `${test} ${variable}=${list(values).join(",")}`).sort();
  }
  return Object.entries((condition ?? {}) as Json)
    .flatMap(([test, variables]) =>
      Object.entries(variables as Json).map(([variable, values]) => `${test} ${variable}=${list(values).join(",")}`),
    )
    .sort();
};

const statementsOf = (holder: string, policy: unknown): PolicyStatement[] => {
  const { Statement } = JSON.parse(String(policy)) as { Statement: readonly Json[] };
  return Statement.map((statement) => ({
    holder,
    effect: String(statement.Effect),
    actions: list(statement.Action),
    resources: list(statement.Resource),
    principals: principalsOf(statement.Principal),
    conditions: conditionsOf(statement.Condition),
  }));
};

/** What roles may do. */
export const rolePolicies = ({ resources }: MockedRun): readonly PolicyStatement[] =>
  resources
    .filter(({ type }) => type === "aws:iam/role:Role")
    .flatMap(({ name, inputs }) =>
      ((inputs.inlinePolicies ?? []) as readonly { policy: string }[]).flatMap(({ policy }) =>
        statementsOf(name, policy),
      ),
    );

/** Who may take on a role. */
export const trustPolicies = ({ resources }: MockedRun): readonly PolicyStatement[] =>
  resources
    .filter(({ type }) => type === "aws:iam/role:Role")
    .flatMap(({ name, inputs }) => statementsOf(name, inputs.assumeRolePolicy));

/** Policies that keys and queues have themselves. */
export const resourcePolicies = ({ resources }: MockedRun): readonly PolicyStatement[] =>
  resources
    .filter(({ type }) => type === "aws:kms/key:Key" || type === "aws:sqs/queuePolicy:QueuePolicy")
    .flatMap(({ name, inputs }) => statementsOf(name, inputs.policy));
