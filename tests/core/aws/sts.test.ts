import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/nested-clients/sts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { assumeRole, StsError } from "#core/aws/sts.ts";
import { config } from "#core/config.ts";
import { exampleIdentity } from "#infra/local/aws/identities.ts";
import { sessionFault } from "#infra/local/aws/sessions.ts";
import { type LocalSts, startSts } from "#infra/local/sts/server.ts";
import { type Fault, type Relay, startRelay } from "#tests/core/support/relay.ts";

/** The lean call of AssumeRole, held against AWS's own client and a stand-in that this client accepts. */

const roleArn = "arn:aws:iam::123456789012:role/bedrock";
const externalId = "concurred-0123";
const policy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: ["bedrock:InvokeModel"], Resource: "*" }],
});
const asked = { roleArn, externalId, sessionName: "concurred-req_1", policy };

let sts: LocalSts;
let relay: Relay;
let client: STSClient;

const putRole = (role: unknown): Promise<Response> =>
  fetch(`${sts.url}/roles`, { method: "PUT", body: typeof role === "string" ? role : JSON.stringify(role) });
const put = async (arn: string, condition: object | undefined): Promise<void> => {
  const trust = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "sts:AssumeRole" };
  const role = {
    arn,
    trustPolicy: { Statement: [condition === undefined ? trust : { ...trust, Condition: condition }] },
    policy: { Statement: [{ Effect: "Allow", Action: ["bedrock:InvokeModel", "s3:GetObject"], Resource: "*" }] },
  };
  expect((await putRole(role)).status).toBe(200);
};

let folder: string;
const dataFile = () => join(folder, "sts.json");
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sts-"));
  sts = await startSts({ dataFile: dataFile() });
  relay = await startRelay(sts.url);
  process.env.AWS_ENDPOINT_URL_STS = relay.url;
  process.env.AWS_ACCESS_KEY_ID = exampleIdentity.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = exampleIdentity.secretAccessKey;
  client = new STSClient({
    endpoint: relay.url,
    region: config.region(),
    credentials: exampleIdentity as never,
    maxAttempts: 1,
  });
  await put(roleArn, { StringEquals: { "sts:ExternalId": externalId } });
});
beforeEach(() => relay.reset());
afterAll(async () => {
  client.destroy();
  await relay.close();
  await sts.close();
  await rm(folder, { recursive: true });
});

const answers = (status: number, body: string): Fault => ({ kind: "answer", status, body });

describe("AssumeRole", () => {
  it("asks as AWS's own client does", async () => {
    await assumeRole(asked);
    await client.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: asked.sessionName,
        ExternalId: externalId,
        Policy: policy,
        DurationSeconds: 3_600,
      }),
    );
    const [ours, theirs] = relay.requests.map(({ method, path, headers, body }) => ({
      method,
      path,
      type: headers["content-type"],
      scope: /Credential=\w+\/\d{8}(\/[^,]+)/.exec(headers.authorization ?? "")?.[1],
      form: Object.fromEntries(new URLSearchParams(String(body))),
    }));
    expect(ours).toEqual(theirs);
  });

  it("returns credentials for the role, bounded by the session's policy", async () => {
    const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = await assumeRole(asked);
    expect(accessKeyId).toMatch(/^ASIA/);
    expect(secretAccessKey.length).toBeGreaterThan(20);
    expect(sessionToken.length).toBeGreaterThan(20);
    expect(Math.abs(expiresAtMs - Date.now() - 3_600_000)).toBeLessThan(10_000);
    expect(sessionFault(accessKeyId, "bedrock:InvokeModel", "any")).toBeUndefined();
    // The role may, the session may not.
    expect(sessionFault(accessKeyId, "s3:GetObject", "any")?.type).toBe("AccessDeniedException");
    expect(sessionFault(accessKeyId, "bedrock:InvokeModel", "any", expiresAtMs)?.type).toBe("ExpiredTokenException");
  });

  it.each([
    ["an external id that the role does not trust", { externalId: "concurred-other" }],
    ["a role that is not there", { roleArn: "arn:aws:iam::123456789012:role/none" }],
  ])("is refused for %s, once, without STS's words", async (_name, changes) => {
    const error = await assumeRole({ ...asked, ...changes }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StsError);
    expect(error).toMatchObject({ type: "AccessDenied", status: 403, message: "sts AssumeRole: AccessDenied" });
    expect(relay.requests).toHaveLength(1);
  });

  it.each<[string, Fault]>([
    ["a fault of STS", answers(503, "<ErrorResponse><Error><Code>ServiceUnavailable</Code></Error></ErrorResponse>")],
    ["throttling", answers(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>")],
    ["a page of a proxy", answers(502, "<html>Bad gateway</html>")],
    ["a reset", { kind: "reset" }],
  ])("is tried again after %s", async (_name, fault) => {
    let faults = 0;
    relay.intercept = () => (++faults === 1 ? fault : undefined);
    expect((await assumeRole(asked)).accessKeyId).toMatch(/^ASIA/);
    expect(relay.requests).toHaveLength(2);
  });

  const credentials = (parts: Record<string, string> = {}): string => {
    const values = {
      AccessKeyId: "ASIAEXAMPLEEXAMPLE00",
      SecretAccessKey: "canary+secret/canary+secret/canary+secre",
      SessionToken: "canaryToken+canaryToken/canaryToken==",
      Expiration: "2030-01-01T00:00:00Z",
      ...parts,
    };
    const text = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`);
    return `<AssumeRoleResponse><AssumeRoleResult><Credentials>${text.join("")}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  };

  it("reads an answer as documented", async () => {
    relay.intercept = () => answers(200, credentials());
    expect(await assumeRole(asked)).toMatchObject({ expiresAtMs: Date.parse("2030-01-01T00:00:00Z") });
  });

  it.each([
    ["nothing", ""],
    ["JSON", '{"Credentials":{"SecretAccessKey":"canary+secret"}}'],
    ["a token with markup", credentials({ SessionToken: "canary<b>canaryToken</b>" })],
    ["a line in a token", credentials({ SessionToken: "canaryToken\r\nx-amz-evil: 1" })],
    ["an entity", credentials({ SecretAccessKey: "canary&#10;secretcanarysecret" })],
    ["a time that is none", credentials({ Expiration: "tomorrow" })],
    ["two of them", credentials() + credentials()],
    [
      "a key twice",
      credentials({ AccessKeyId: "ASIAEXAMPLEEXAMPLE00</AccessKeyId><AccessKeyId>ASIAEXAMPLEEXAMPLE01" }),
    ],
    ["an empty secret", credentials({ SecretAccessKey: "" })],
  ])("does not take %s, and never shows it", async (_name, body) => {
    relay.intercept = () => answers(200, body);
    const error = await assumeRole(asked).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: "MalformedAnswer" });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("canary");
  });

  it("never shows what an error says", async () => {
    relay.intercept = () =>
      answers(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>canary</Message></Error></ErrorResponse>");
    const error = await assumeRole(asked).catch((thrown: unknown) => thrown);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("canary");
  });
});

describe("the stand-in for STS", () => {
  const attempt = (input: object) =>
    client.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "test", ...input })).then(
      () => "ok",
      (error: unknown) => (error as Error).name,
    );

  it("evaluates trust policies as AWS does", async () => {
    const open = "arn:aws:iam::123456789012:role/open";
    const wild = "arn:aws:iam::123456789012:role/wild";
    await put(open, undefined);
    await put(wild, { StringLike: { "sts:ExternalId": "*" } });
    expect(await attempt({ ExternalId: externalId })).toBe("ok");
    expect(await attempt({})).toBe("AccessDenied");
    expect(await attempt({ RoleArn: open })).toBe("ok");
    expect(await attempt({ RoleArn: wild, ExternalId: "any" })).toBe("ok");
    expect(await attempt({ RoleArn: wild })).toBe("AccessDenied");
  });

  it("refuses what AWS refuses", async () => {
    expect(await attempt({ ExternalId: "x" })).toBe("ValidationError");
    expect(await attempt({ ExternalId: externalId, RoleSessionName: "a b" })).toBe("ValidationError");
    expect(await attempt({ ExternalId: externalId, DurationSeconds: 7_200 })).toBe("ValidationError");
    expect(await attempt({ ExternalId: externalId, Policy: "{" })).toMatch(/^MalformedPolicyDocument/);
  });

  it("refuses a signature of another secret", async () => {
    const { accessKeyId } = exampleIdentity;
    const stranger = new STSClient({
      endpoint: sts.url,
      region: config.region(),
      credentials: { accessKeyId, secretAccessKey: "another" },
      maxAttempts: 1,
    });
    const input = { RoleArn: roleArn, RoleSessionName: "test", ExternalId: externalId };
    await expect(stranger.send(new AssumeRoleCommand(input))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
    stranger.destroy();
  });

  it("refuses what describes no role that it can evaluate", async () => {
    const [arn, statement] = ["arn:aws:iam::123456789012:role/no", { Effect: "Allow", Action: "sts:AssumeRole" }];
    const policy = { Statement: [{ ...statement, Resource: "*" }] };
    const trusted = (more: object) => ({ Statement: [{ ...statement, Principal: "*", ...more }] });
    for (const role of ["{", {}, { arn, policy }, { arn, policy, trustPolicy: trusted({ Principal: 5 }) }]) {
      expect((await putRole(role)).status).toBe(400);
    }
    const unknown = { Condition: { NumericEquals: { "sts:ExternalId": "1" } } };
    expect((await putRole({ arn, policy, trustPolicy: trusted(unknown) })).status).toBe(400);
    expect(await attempt({ RoleArn: arn })).toBe("AccessDenied");
  });

  it("keeps its roles between runs, the latest description of each", async () => {
    const arn = "arn:aws:iam::123456789012:role/kept";
    await put(arn, undefined);
    await put(arn, { StringEquals: { "sts:ExternalId": "second" } });
    await sts.close();
    sts = await startSts({ dataFile: dataFile() });
    const after = new STSClient({
      endpoint: sts.url,
      region: config.region(),
      credentials: exampleIdentity as never,
      maxAttempts: 1,
    });
    const input = { RoleArn: arn, RoleSessionName: "test" };
    await expect(after.send(new AssumeRoleCommand(input))).rejects.toMatchObject({ name: "AccessDenied" });
    await after.send(new AssumeRoleCommand({ ...input, ExternalId: "second" }));
    await after.send(new AssumeRoleCommand({ ...input, RoleArn: roleArn, ExternalId: externalId }));
    after.destroy();
  });

  it("does not start on a file that holds no roles", async () => {
    const file = join(folder, "other.json");
    await writeFile(file, JSON.stringify({ roles: [{ arn: roleArn }] }));
    await expect(startSts({ dataFile: file })).rejects.toThrow(/other\.json is not readable.*move that folder away/);
  });
});
