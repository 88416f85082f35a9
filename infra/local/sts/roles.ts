import * as z from "zod";
import { localAccountArn, localAccountId } from "#infra/local/aws/account.ts";
import { allows, type CompiledPolicy, compilePolicy } from "#infra/local/rights/policy.ts";
import { openStateFile, type StateFile } from "#infra/local/state-file.ts";

/** IAM roles of other accounts, as a test or a person describes them. */

const textSchema = z.union([z.string(), z.array(z.string())]);
type Text = z.output<typeof textSchema>;

const rule = {
  Effect: z.string(),
  Action: textSchema,
  Condition: z.record(z.string(), z.record(z.string(), textSchema)).optional(),
};

const roleSchema = z.object({
  arn: z.string(),
  /** Who may assume the role. It has principals in place of resources. */
  trustPolicy: z.object({
    Statement: z.array(z.object({ ...rule, Principal: z.union([z.literal("*"), z.object({ AWS: textSchema })]) })),
  }),
  /** What the role may do. */
  policy: z.object({ Statement: z.array(z.object({ ...rule, Resource: textSchema })) }),
});

export type RoleDescription = z.output<typeof roleSchema>;

const isReadable = (description: RoleDescription): boolean => {
  try {
    toRole(description);
    return true;
  } catch {
    return false;
  }
};

/** Only what the local cloud can evaluate. */
const readableRoleSchema = roleSchema.refine(isReadable, "has a condition or an action that is not supported");

/** A role as it is described over HTTP; undefined for what is none. */
export const parseRole = (text: string): RoleDescription | undefined => {
  try {
    return readableRoleSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

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

/** The roles that the local cloud knows, kept in a file between runs. */
export class Roles {
  readonly #file: StateFile<{ roles: RoleDescription[] }>;
  readonly #roles: Map<string, LocalRole>;

  /** @param dataFile without it the roles live in memory. @throws UnusableData */
  constructor(dataFile?: string) {
    this.#file = openStateFile(dataFile, z.object({ roles: z.array(readableRoleSchema) }), () => ({ roles: [] }));
    this.#roles = new Map(this.#file.value.roles.map((description) => [description.arn, toRole(description)]));
  }

  /** Adds a role, or replaces it. */
  put(description: RoleDescription): void {
    const { value } = this.#file;
    value.roles = [...value.roles.filter(({ arn }) => arn !== description.arn), description];
    this.#file.save();
    this.#roles.set(description.arn, toRole(description));
  }

  get(arn: string): LocalRole | undefined {
    return this.#roles.get(arn);
  }
}
