import { localAccountArn, localAccountId } from "#infra/local/aws/account.ts";
import { allows, type CompiledPolicy, compilePolicy, type PolicyDocument } from "#infra/local/rights/policy.ts";

/** IAM roles of other accounts, as a test or a person describes them. */

type Text = string | readonly string[];

/** Who may assume a role. It has principals in place of resources. */
export interface TrustPolicy {
  readonly Statement: readonly (Omit<PolicyDocument["Statement"][number], "Resource"> & {
    readonly Principal: "*" | { readonly AWS: Text };
  })[];
}

export interface RoleDescription {
  readonly arn: string;
  readonly trustPolicy: TrustPolicy;
  /** What the role may do. */
  readonly policy: PolicyDocument;
}

export interface LocalRole {
  readonly arn: string;
  /** Whether the local cloud's account may assume it under an external id. */
  trusts(externalId: string | undefined): boolean;
  readonly policy: CompiledPolicy;
}

const list = (value: Text): readonly string[] => (typeof value === "string" ? [value] : value);

const ownPrincipals: ReadonlySet<string> = new Set(["*", localAccountId, localAccountArn]);

const isOwn = (principal: "*" | { readonly AWS: Text }): boolean =>
  list(principal === "*" ? principal : principal.AWS).some((name) => ownPrincipals.has(name));

/** @throws Error for a policy that the local cloud cannot read */
const toRole = ({ arn, trustPolicy, policy }: RoleDescription): LocalRole => {
  const trust = compilePolicy({
    Statement: trustPolicy.Statement.filter(({ Principal }) => isOwn(Principal)).map((statement) => ({
      ...statement,
      Resource: "*",
    })),
  });
  return {
    arn,
    trusts: (externalId) =>
      allows(trust, {
        action: "sts:AssumeRole",
        resource: arn,
        context: externalId === undefined ? {} : { "sts:ExternalId": externalId },
      }),
    policy: compilePolicy(policy),
  };
};

/** The roles that the local cloud knows. */
export class Roles {
  readonly #roles = new Map<string, LocalRole>();

  /** Adds a role, or replaces it. @throws Error for a policy that the local cloud cannot read */
  put(description: RoleDescription): void {
    this.#roles.set(description.arn, toRole(description));
  }

  get(arn: string): LocalRole | undefined {
    return this.#roles.get(arn);
  }
}
