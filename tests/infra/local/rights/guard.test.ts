import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Grant } from "#core/routes.ts";
import { accessKeyIdOf } from "#infra/local/rights/guard.ts";
import type { Call } from "#infra/local/rights/policy.ts";
import { type LocalRights, startRights } from "#infra/local/rights/start-rights.ts";

/** Both guards before one server that says yes to everything. */

const tableNames = {
  keys: "Keys",
  providerKeys: "ProviderKeys",
  usage: "Usage",
  rollups: "Rollups",
  cache: "Cache",
  jobs: "Jobs",
};
const key = "arn:aws:kms:us-east-1:000000000000:key/1";
const grants: readonly Grant[] = [
  ...(["keys:GetItem", "usage:Query/open", "usage:UpdateItem", "kms:GenerateDataKey"] as const),
  "bedrock:InvokeModel",
];

let service: Server;
let local: LocalRights;
const denials: Call[] = [];
const received: string[] = [];

const profileId = "us.anthropic.claude-sonnet-5";
const otherId = "us.anthropic.claude-opus-5";

beforeAll(async () => {
  vi.stubEnv("BEDROCK_MODELS", `${profileId},openai.gpt-oss-20b-1:0`);
  service = createServer(async (request, response) => {
    received.push(await text(request));
    response.end(JSON.stringify({ yes: request.headers["x-amz-target"] }));
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  local = await startRights({
    dependencies: {
      dynamoDbEndpoint: url,
      kmsEndpoint: url,
      stsEndpoint: url,
      kmsKeyArn: key,
      tableNames: tableNames as never,
      bedrockUrl: `${url}/bedrock`,
    },
    holders: [{ id: "Chat", grants }],
    onDenied: ({ call }) => denials.push(call),
  });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await local.close();
  service.close();
  service.closeAllConnections();
});

interface Asked {
  readonly as?: string;
  readonly service?: "dynamodb" | "kms";
}

/** `ok`, or the type of the refusal and what it is about. */
const ask = async (
  operation: string,
  body: object,
  { as = accessKeyIdOf("Chat"), service = "dynamodb" }: Asked = {},
) => {
  const target = service === "kms" ? "TrentService" : "DynamoDB_20120810";
  const answer = await fetch(service === "kms" ? local.kmsEndpoint : local.dynamoDbEndpoint, {
    method: "POST",
    headers: {
      "x-amz-target": `${target}.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${as}/20261129/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  const parsed = (await answer.json()) as { __type?: string; message?: string };
  if (answer.status === 200) return "ok";
  return `${parsed.__type} ${
    /perform: (\S+) on resource: \S*?:(?:table|key)\/(\S+)/
      .exec(parsed.message ?? "")
      ?.slice(1)
      .join(" ") ?? ""
  }`.trim();
};

const context = { app: "concurred", stage: "local", purpose: "provider-key", userId: "u", id: "1" };
const kms = (operation: string, more: object) => ask(operation, { KeyId: key, ...more }, { service: "kms" });

describe("what a function may do with tables", () => {
  it("is what its grants name, and everything else is refused before the table sees it", async () => {
    expect(await ask("GetItem", { TableName: "Keys" })).toBe("ok");
    const before = received.length;
    expect(await ask("PutItem", { TableName: "Keys" })).toBe("AccessDeniedException dynamodb:PutItem Keys");
    expect(await ask("GetItem", { TableName: "Usage" })).toBe("AccessDeniedException dynamodb:GetItem Usage");
    expect(received.length).toBe(before);
    expect(denials.at(-1)).toMatchObject({ action: "dynamodb:GetItem" });
  });

  it("tells a table from its index", async () => {
    expect(await ask("Query", { TableName: "Usage", IndexName: "open" })).toBe("ok");
    expect(await ask("Query", { TableName: "Usage" })).toBe("AccessDeniedException dynamodb:Query Usage");
  });

  it("counts for each part of a transaction and each table of a batch", async () => {
    const update = { Update: { TableName: "Usage" } };
    expect(await ask("TransactWriteItems", { TransactItems: [update] })).toBe("ok");
    expect(await ask("TransactWriteItems", { TransactItems: [update, { Put: { TableName: "Usage" } }] })).toBe(
      "AccessDeniedException dynamodb:PutItem Usage",
    );
    expect(await ask("BatchWriteItem", { RequestItems: { Usage: [] } })).toBe(
      "AccessDeniedException dynamodb:BatchWriteItem Usage",
    );
  });

  it("includes the use of the tables' key through DynamoDB, which a reader has for reading alone", async () => {
    local.rights.grant({ id: "Reader", grants: ["keys:GetItem"] });
    expect(await ask("GetItem", { TableName: "Keys" }, { as: accessKeyIdOf("Reader") })).toBe("ok");
    const missing = local.rights.firstDenied("Reader", [
      {
        action: "kms:GenerateDataKey",
        resource: key,
        context: { "kms:ViaService": "dynamodb.us-east-1.amazonaws.com" },
      },
    ]);
    expect(missing?.action).toBe("kms:GenerateDataKey");
  });

  it("is nothing for an identity that no function has", async () => {
    expect(await ask("GetItem", { TableName: "Keys" }, { as: "local" })).toBe("UnrecognizedClientException");
  });
});

describe("which roles a function may assume", () => {
  const assume = async (as: string, roleArn: string): Promise<string> => {
    const answer = await fetch(local.stsEndpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyIdOf(as)}/20261129/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: new URLSearchParams({ Action: "AssumeRole", RoleArn: roleArn }).toString(),
    });
    const body = await answer.text();
    return answer.status === 200 ? "ok" : (/<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? body);
  };

  it("are those of other accounts, and none without the grant", async () => {
    local.rights.grant({ id: "Assumer", grants: ["sts:AssumeRole"] });
    const foreign = "arn:aws:iam::123456789012:role/team/bedrock";
    expect(await assume("Assumer", foreign)).toBe("ok");
    expect(await assume("Assumer", "arn:aws:iam::000000000000:role/admin")).toBe("AccessDenied");
    expect(await assume("Chat", foreign)).toBe("AccessDenied");
  });
});

describe("what a function may do with the key", () => {
  it("is what its grants name, under the stage's own context", async () => {
    expect(await kms("GenerateDataKey", { EncryptionContext: context })).toBe("ok");
    expect(await kms("Decrypt", { EncryptionContext: context })).toBe("AccessDeniedException kms:Decrypt 1");
  });

  it.each([
    ["no context", {}],
    ["another stage's", { ...context, stage: "production" }],
    ["an unknown name", { ...context, tenant: "x" }],
  ])("is nothing with %s", async (_what, wrong) => {
    expect(await kms("GenerateDataKey", { EncryptionContext: wrong })).toBe(
      "AccessDeniedException kms:GenerateDataKey 1",
    );
  });

  it("needs the key's own policy to agree: no grant of a row opens what that does not", () => {
    const call = { action: "kms:Encrypt", resource: key, context: {} };
    expect(local.rights.firstDenied("Chat", [call])).toEqual(call);
  });
});

it("requests arrive whole whatever pieces they come in", async () => {
  const body = JSON.stringify({ TableName: "Keys", filler: "é".repeat(50_000) });
  const { port } = new URL(local.dynamoDbEndpoint);
  const socket = connect(Number(port), "127.0.0.1");
  const head = `POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\nAuthorization: AWS4-HMAC-SHA256 Credential=${accessKeyIdOf("Chat")}/x\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  for (const [start, end] of [
    [0, 20],
    [20, head.length - 2],
    [head.length - 2, head.length + 30_001],
    [head.length + 30_001, bytes.length],
  ]) {
    await new Promise<void>((resolve) => socket.write(bytes.subarray(start, end), () => resolve()));
  }
  expect(await text(socket)).toContain("200 OK");
  expect(received.at(-1)).toBe(body);
});

describe("what a function may ask of Bedrock", () => {
  const invoke = (id: string, operation = "converse", authorization?: string): Promise<string> =>
    post(`/model/${encodeURIComponent(id)}/${operation}`, {}, authorization);
  const post = async (path: string, body: object, authorization?: string): Promise<string> => {
    const answer = await fetch(`${local.bedrockUrl}${path}`, {
      method: "POST",
      headers: {
        authorization:
          authorization ??
          `AWS4-HMAC-SHA256 Credential=${accessKeyIdOf("Chat")}/20261129/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(body),
    });
    const { message = "" } = (await answer.json()) as { message?: string };
    if (answer.status === 200) return "ok";
    return `${answer.status} ${answer.headers.get("x-amzn-errortype")} ${/perform: (\S+)/.exec(message)?.[1]}`;
  };

  it("is the models that the stage names, by the operations of its grants", async () => {
    for (const id of [profileId, "openai.gpt-oss-20b-1:0"]) {
      expect(await invoke(id)).toBe("ok");
      expect(await invoke(id, "invoke")).toBe("ok");
      expect(await invoke(id, "converse-stream")).toBe(
        "403 AccessDeniedException bedrock:InvokeModelWithResponseStream",
      );
    }
  });

  it("is no other model, and not the model behind a profile without it", async () => {
    const before = received.length;
    for (const id of [otherId, "anthropic.claude-sonnet-5", "global.anthropic.claude-sonnet-5"]) {
      expect(await invoke(id)).toBe("403 AccessDeniedException bedrock:InvokeModel");
    }
    expect(received.length).toBe(before);
  });

  it("is the same where the body alone names the model", async () => {
    const path = "/openai/v1/responses";
    expect(await post(path, { model: profileId })).toBe("ok");
    expect(await post(path, { model: otherId })).toBe("403 AccessDeniedException bedrock:InvokeModel");
    expect(await post(path, { model: profileId, stream: true })).toBe(
      "403 AccessDeniedException bedrock:InvokeModelWithResponseStream",
    );
  });

  it("does not hold for a caller's own key or role", async () => {
    expect(await invoke(otherId, "converse", "Bearer ABSK-of-a-caller")).toBe("ok");
    const own =
      "AWS4-HMAC-SHA256 Credential=ASIACALLER/20261129/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=0";
    expect(await invoke(otherId, "converse", own)).toBe("ok");
  });
});
