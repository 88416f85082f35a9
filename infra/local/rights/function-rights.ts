import type { Grant } from "#core/routes.ts";
import type { TableId } from "#core/tables.ts";
import { bedrockResources } from "#infra/bedrock-models.ts";
import { keyPolicy } from "#infra/key-policy.ts";
import { localAccountId } from "#infra/local/aws/account.ts";
import { type Resources, type Statement, statementsOf } from "#infra/permissions.ts";
import type { Place } from "./aws-call.ts";
import { allows, type Call, type CompiledPolicy, compilePolicy, type PolicyDocument } from "./policy.ts";

/** The rights of the local stage's functions: the very statements that SST's program gives their roles. */

export interface RightsPlace extends Place {
  readonly app: string;
  readonly stage: string;
  readonly tableNames: Readonly<Record<TableId, string>>;
}

export interface RightsHolder {
  readonly id: string;
  readonly grants: readonly Grant[];
}

/** In AWS's form; SST's program makes the same of its statements (tests/infra/sst/rights.test.ts). */
export const toDocument = (statements: readonly Statement<string>[]): PolicyDocument => ({
  Statement: statements.map(({ effect, actions, resources, conditions }) => ({
    Effect: effect === "deny" ? "Deny" : "Allow",
    Action: actions,
    Resource: resources,
    Condition: Object.fromEntries(
      Object.entries(Object.groupBy(conditions, ({ test }) => test)).map(([test, same = []]) => [
        test,
        Object.fromEntries(same.map(({ variable, values }) => [variable, values])),
      ]),
    ),
  })),
});

const resourcesOf = ({
  app,
  stage,
  region,
  keyArn,
  tableArnPrefix,
  tableNames,
  bedrock,
}: RightsPlace): Resources<string> => ({
  app,
  stage,
  region,
  keyArn,
  tableArn: (table) => `${tableArnPrefix}${tableNames[table]}`,
  indexArn: (table, index) => `${tableArnPrefix}${tableNames[table]}/index/${index}`,
  bedrock: bedrockResources(bedrock),
  rolesArn: (account) => `arn:aws:iam::${account === "own" ? localAccountId : "*"}:role/*`,
});

/** One policy of a key: `*` means the key itself, and only the account's root stands in it, which lets IAM decide. */
const compileKeyPolicy = ({ app, stage, region }: RightsPlace): CompiledPolicy =>
  compilePolicy(JSON.parse(keyPolicy({ app, stage, region, accountId: localAccountId, partition: "aws" })));

/** Hears of the rights that a function uses. */
export type RightsObserver = (functionId: string, calls: readonly Call[]) => void;

/** Who may do what. A right that was taken away is missing until it is given back. */
export class FunctionRights {
  readonly #policies = new Map<string, CompiledPolicy>();
  /** Verdicts that are known, by function and call: the same call gets the same one, whatever its rows. */
  readonly #verdicts = new Map<string, Map<string, Call | undefined>>();
  readonly #keyPolicy: CompiledPolicy;
  readonly #place: RightsPlace;
  readonly #onAllowed: RightsObserver | undefined;

  /** @param onAllowed is called for each kind of allowed call at least once after its function's rights have changed. */
  constructor(place: RightsPlace, holders: readonly RightsHolder[], onAllowed?: RightsObserver) {
    this.#place = place;
    this.#onAllowed = onAllowed;
    this.#keyPolicy = compileKeyPolicy(place);
    for (const holder of holders) this.grant(holder);
  }

  /** Gives a function the rights of these grants, and no other. */
  grant({ id, grants }: RightsHolder): void {
    this.#verdicts.set(id, new Map());
    this.#policies.set(id, compilePolicy(toDocument(statementsOf(grants, resourcesOf(this.#place)))));
  }

  /** The grant that allows a call, of those given; undefined for what comes with a grant, such as the table's key. */
  grantOf(grants: readonly Grant[], call: Call): Grant | undefined {
    if (call.context["kms:ViaService"] !== undefined) return undefined;
    return grants.find((grant) =>
      allows(compilePolicy(toDocument(statementsOf([grant], resourcesOf(this.#place)))), call),
    );
  }

  knows(id: string): boolean {
    return this.#policies.has(id);
  }

  /** As `firstDenied`, looked up by a name of the calls where they have one. */
  decided(id: string, name: string | undefined, calls: () => readonly Call[]): Call | undefined {
    const known = this.#verdicts.get(id);
    if (name === undefined || known === undefined) return this.firstDenied(id, calls());
    if (known.has(name)) return known.get(name);
    const verdict = this.firstDenied(id, calls());
    known.set(name, verdict);
    return verdict;
  }

  /** The first call that a function may not make, or undefined when it may make them all. */
  firstDenied(id: string, calls: readonly Call[]): Call | undefined {
    const policy = this.#policies.get(id);
    const denied = calls.find(
      (call) =>
        policy === undefined ||
        !allows(policy, call) ||
        // The key's own policy has to agree.
        (call.action.startsWith("kms:") && !allows(this.#keyPolicy, { ...call, resource: "*" })),
    );
    if (denied === undefined) this.#onAllowed?.(id, calls);
    return denied;
  }
}
