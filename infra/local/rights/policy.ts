/**
 * Evaluates IAM policy documents as AWS does, for what our documents hold: exact names and `*`, and the conditions below.
 * Source: IAM user guide, "Policy evaluation logic" and "JSON policy elements: Condition operators".
 */

export interface PolicyDocument {
  readonly Statement: readonly {
    readonly Effect: string;
    readonly Action: string | readonly string[];
    readonly Resource: string | readonly string[];
    /** Operator, then variable, then values. */
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> | undefined;
  }[];
}

/** What a call says of itself, by condition variable. */
export type CallContext = Readonly<Record<string, string | readonly string[]>>;

export interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context: CallContext;
}

type Test = (context: CallContext) => boolean;

interface Rule {
  readonly allow: boolean;
  readonly resources: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
  readonly tests: readonly Test[];
}

/** Rules by action; those under `""` are for actions with a wildcard. */
export interface CompiledPolicy {
  readonly byAction: ReadonlyMap<string, readonly Rule[]>;
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

const isPattern = (text: string): boolean => /[*?]/.test(text);

const toPattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );

const operators: Readonly<Record<string, (actual: readonly string[], wanted: ReadonlySet<string>) => boolean>> = {
  // A variable that the call does not have fails.
  StringEquals: (actual, wanted) => actual.length > 0 && actual.every((value) => wanted.has(value)),
  StringLike: (actual, wanted) =>
    actual.length > 0 && actual.every((value) => Array.from(wanted, toPattern).some((pattern) => pattern.test(value))),
  Bool: (actual, wanted) => actual.length > 0 && actual.every((value) => wanted.has(value)),
  // Of all values that there are, so of none as well.
  "ForAllValues:StringEquals": (actual, wanted) => actual.every((value) => wanted.has(value)),
};

const toTests = (condition: PolicyDocument["Statement"][number]["Condition"] = {}): readonly Test[] =>
  Object.entries(condition).flatMap(([operator, variables]) => {
    const compare = operators[operator];
    // An operator that nobody wrote here must not pass as true.
    if (compare === undefined) throw new Error(`The condition operator ${operator} is not supported`);
    return Object.entries(variables).map(([variable, values]): Test => {
      const wanted = new Set(list(values));
      return (context) => compare(list(context[variable] ?? []), wanted);
    });
  });

/** Sorts a document by action, once. Throws an Error for a condition operator that is not known here. */
export const compilePolicy = ({ Statement }: PolicyDocument): CompiledPolicy => {
  const byAction = new Map<string, Rule[]>();
  for (const { Effect, Action, Resource, Condition } of Statement) {
    const rule: Rule = {
      allow: Effect === "Allow",
      resources: new Set(list(Resource).filter((resource) => !isPattern(resource))),
      patterns: list(Resource).filter(isPattern).map(toPattern),
      tests: toTests(Condition),
    };
    for (const action of list(Action)) {
      if (isPattern(action)) throw new Error(`The action ${action} has a wildcard, which is not supported`);
      byAction.set(action, [...(byAction.get(action) ?? []), rule]);
    }
  }
  return { byAction };
};

const applies = (rule: Rule, { resource, context }: Call): boolean =>
  (rule.resources.has(resource) || rule.patterns.some((pattern) => pattern.test(resource))) &&
  rule.tests.every((test) => test(context));

/** Whether a document allows a call: some statement does, and none denies it. */
export const allows = (policy: CompiledPolicy, call: Call): boolean => {
  const rules = (policy.byAction.get(call.action) ?? []).filter((rule) => applies(rule, call));
  return rules.length > 0 && rules.every(({ allow }) => allow);
};
