import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AssumedRole, type RoleToAssume, StsError } from "#core/aws/sts.ts";
import { requireForeignRole } from "#core/provider-keys/role-arn.ts";
import { type CallersRole, newExternalId, RoleSessions } from "#core/provider-keys/role-sessions.ts";

const own = "000000000000";
beforeAll(() => {
  process.env.SST_RESOURCE_Account = JSON.stringify({ arn: `arn:aws:iam::${own}:root` });
});

const role: CallersRole = {
  userId: "user_1",
  id: "pk_1",
  roleArn: "arn:aws:iam::123456789012:role/bedrock",
  externalId: "concurred-1",
};
const hourMs = 3_600_000;

describe("sessions of a caller's role", () => {
  let nowMs = 0;
  let asked: RoleToAssume[] = [];
  let refusals: Record<string, StsError> = {};
  /** What STS does with an external id that is not the role's own. */
  let strangers: "refused" | "trusted" | StsError = "refused";
  let held: Promise<void> | undefined;

  const assume = async (request: RoleToAssume): Promise<AssumedRole> => {
    asked.push(request);
    await held;
    const known = request.externalId === "concurred-1" || request.externalId === "concurred-2";
    if (!known && strangers !== "trusted") {
      throw strangers === "refused" ? new StsError("AccessDenied", 403) : strangers;
    }
    const refusal = refusals[request.roleArn];
    if (known && refusal !== undefined) throw refusal;
    const serial = asked.length;
    return { accessKeyId: `ASIA${serial}`, secretAccessKey: "s", sessionToken: "t", expiresAtMs: nowMs + hourMs };
  };
  let sessions: RoleSessions;
  beforeEach(() => {
    nowMs = 1_800_000_000_000;
    asked = [];
    refusals = {};
    strangers = "refused";
    held = undefined;
    sessions = new RoleSessions(assume, () => nowMs);
  });
  const ownCalls = () => asked.filter(({ externalId }) => externalId === "concurred-1");

  it("are assumed once and serve until shortly before their end", async () => {
    const first = await sessions.of(role, "req_1");
    nowMs += hourMs - 5 * 60_000 - 1;
    expect(await sessions.of(role, "req_2")).toBe(first);
    expect(ownCalls()).toHaveLength(1);
    nowMs += 1;
    expect(await sessions.of(role, "req_3")).not.toBe(first);
    expect(ownCalls()).toHaveLength(2);
  });

  it("are named by the request, and may do no more than ask models", async () => {
    await sessions.of(role, "req_0198");
    for (const { sessionName, policy, roleArn } of asked) {
      expect({ sessionName, roleArn }).toEqual({ sessionName: "concurred-req_0198", roleArn: role.roleArn });
      const { Statement } = JSON.parse(policy) as { Statement: readonly { Effect: string; Action: string[] }[] };
      expect(Statement).toHaveLength(1);
      expect(Statement[0]?.Action).toEqual([
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:ApplyGuardrail",
      ]);
    }
    expect(JSON.stringify(asked)).not.toContain(role.userId);
  });

  it("are shared by requests that come at once", async () => {
    let open = (): void => undefined;
    held = new Promise((resolve) => {
      open = resolve;
    });
    const waiting = Array.from({ length: 5 }, (_, index) => sessions.of(role, `req_${index}`));
    open();
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
    expect(ownCalls()).toHaveLength(1);
  });

  it.each<[string, Partial<CallersRole>]>([
    ["user", { userId: "user_2" }],
    ["key", { id: "pk_2" }],
    ["role", { roleArn: "arn:aws:iam::123456789012:role/other" }],
    ["external id", { externalId: "concurred-2" }],
  ])("are never those of another %s", async (_name, changes) => {
    const first = await sessions.of(role, "req_1");
    const second = await sessions.of({ ...role, ...changes }, "req_2");
    expect(second).not.toBe(first);
    expect(await sessions.of(role, "req_3")).toBe(first);
  });

  it("are forgotten where they are no longer taken", async () => {
    const first = await sessions.of(role, "req_1");
    sessions.forget(role);
    expect(await sessions.of(role, "req_2")).not.toBe(first);
  });

  it("are bounded: the oldest go", async () => {
    for (let index = 0; index <= 500; index += 1) await sessions.of({ ...role, id: `pk_${index}` }, "req");
    const before = asked.length;
    await sessions.of({ ...role, id: "pk_500" }, "req");
    expect(asked.length).toBe(before);
    await sessions.of({ ...role, id: "pk_0" }, "req");
    expect(asked.length).toBe(before + 2);
  });

  it("are refused, and asked for anew, where AWS does not trust the gateway", async () => {
    refusals = { [role.roleArn]: new StsError("AccessDenied", 403) };
    for (const requestId of ["req_1", "req_2"]) {
      const failure = await sessions.of(role, requestId).catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: "auth", status: 403, handedOver: false });
      const { providerMessage } = failure as { providerMessage: string };
      expect(providerMessage).toContain("the role of your provider key");
      expect(providerMessage).not.toMatch(/arn:|assumed-role/);
    }
    expect(ownCalls()).toHaveLength(2);
  });

  it("of a role that trusts any external id are refused: any user could name it", async () => {
    strangers = "trusted";
    const refused = sessions.of(role, "req_1");
    await expect(refused).rejects.toMatchObject({
      kind: "auth",
      providerMessage: expect.not.stringContaining("sts:ExternalId"),
    });
    const [first, second] = asked.map(({ externalId }) => externalId);
    expect(first).toBe(role.externalId);
    expect(second).toMatch(/^concurred-[0-9a-f]{40}$/);
  });

  it("need the proof that strangers are refused", async () => {
    strangers = new StsError("Unreachable");
    await expect(sessions.of(role, "req_1")).rejects.toMatchObject({ kind: "server", handedOver: false });
  });

  it.each([
    ["Throttling", 400, "rate-limit"],
    ["InternalFailure", 500, "server"],
    ["Unreachable", undefined, "server"],
    ["RegionDisabledException", 403, "server"],
    ["SignatureDoesNotMatch", 403, "server"],
    ["ExpiredToken", 403, "server"],
  ])("that fail for %s are not blamed on the role", async (type, status, kind) => {
    refusals = { [role.roleArn]: new StsError(type, status) };
    await expect(sessions.of(role, "req_1")).rejects.toMatchObject({ kind, providerMessage: undefined });
  });

  it.each([`arn:aws:iam::${own}:role/admin`, "arn:aws-cn:iam::123456789012:role/bedrock", "arn:aws:iam::1:role/x"])(
    "are never asked for of %s",
    async (roleArn) => {
      await expect(Promise.try(() => sessions.of({ ...role, roleArn }, "req_1"))).rejects.toMatchObject({
        code: "BAD_REQUEST",
        param: "roleArn",
      });
      expect(asked).toEqual([]);
    },
  );
});

it("external ids cannot be guessed, and are in the form that AWS takes", () => {
  const ids = Array.from({ length: 100 }, newExternalId);
  expect(new Set(ids).size).toBe(100);
  for (const id of ids) expect(id).toMatch(/^[\w+=,.@:/-]{40,64}$/);
});

describe("the ARN of a caller's role", () => {
  it.each([
    "arn:aws:iam::123456789012:role/bedrock",
    "arn:aws:iam::123456789012:role/team/sub-team/Bedrock+=,.@-_1",
    `arn:aws:iam::123456789012:role/${"x".repeat(64)}`,
  ])("may be %s", (arn) => {
    expect(() => requireForeignRole(arn)).not.toThrow();
  });

  it.each([
    "",
    "bedrock",
    `arn:aws:iam::${own}:role/bedrock`,
    `arn:aws:iam::${own}:role/a/b`,
    "arn:aws-cn:iam::123456789012:role/bedrock",
    "arn:aws-us-gov:iam::123456789012:role/bedrock",
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:user/bedrock",
    "arn:aws:sts::123456789012:assumed-role/bedrock/session",
    "arn:aws:iam:us-east-1:123456789012:role/bedrock",
    "arn:aws:iam::123456789012:role/",
    "arn:aws:iam::123456789012:role//bedrock",
    "arn:aws:iam::123456789012:role/bedrock/",
    "arn:aws:iam::12345678901:role/bedrock",
    "arn:aws:iam::1234567890123:role/bedrock",
    "arn:aws:iam::*:role/bedrock",
    "arn:aws:iam::123456789012:role/*",
    "arn:aws:iam::123456789012:role/bed rock",
    "arn:aws:iam::123456789012:role/bedrock\n",
    " arn:aws:iam::123456789012:role/bedrock",
    "arn:aws:iam::１２３４５６７８９０１２:role/bedrock",
    `arn:aws:iam::123456789012:role/${"x".repeat(65)}`,
    `arn:aws:iam::123456789012:role/${"x/".repeat(300)}y`,
  ])("is not %j", (arn) => {
    expect(() => requireForeignRole(arn)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", param: "roleArn" }));
  });
});
