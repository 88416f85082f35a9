import { describe, expect, it } from "vitest";
import { Browser } from "#tests/accounts/support/gateway.ts";
import { send, user } from "#tests/e2e/client.ts";
import { eventually, type TestCloud, useCloud } from "#tests/support/cloud.ts";

/**
 * Each function below works with its rights and does not without one of them. All are taken at once, each from its own
 * function. `npm run load -- rights` takes every right, one at a time.
 */

type Scenario = readonly [functionId: string, right: string, works: (cloud: TestCloud) => Promise<boolean>];

/** A request with a key of its own, so that nothing an earlier one left in memory answers it. */
const ask = async (cloud: TestCloud, path: string, body?: object): Promise<boolean> => {
  const { key } = await cloud.createKey();
  const reply = await send(`${cloud.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return reply.status === 200;
};

const signedIn = async (cloud: TestCloud): Promise<Browser> =>
  await Browser.of(cloud.url).signIn(await cloud.createUser());

const question = { model: "gpt-4o-mini", messages: [user("Hello")] };

const scenarios: readonly Scenario[] = [
  ["Models", "keys:GetItem", (cloud) => ask(cloud, "/api/v1/models")],
  ["Usage", "rollups:Query", (cloud) => ask(cloud, "/api/v1/usage")],
  ["Jobs", "jobs:Query", (cloud) => ask(cloud, "/api/v1/jobs")],
  ["ChatCompletions", "usage:PutItem", (cloud) => ask(cloud, "/api/v1/chat/completions", question)],
  [
    "Embeddings",
    "keys:UpdateItem",
    (cloud) => ask(cloud, "/api/v1/embeddings", { model: "text-embedding-3-small", input: "Hello" }),
  ],
  ["Keys", "keys:Query", async (cloud) => (await (await signedIn(cloud)).get("/api/v1/keys")).status === 200],
  [
    "ProviderKeys",
    "kms:GenerateDataKey",
    async (cloud) => {
      const input = { provider: "openai", slug: "mine", displayName: "Mine", apiKey: "sk-0123456789abcdef" };
      return (await (await signedIn(cloud)).post("/api/v1/provider-keys", input)).status === 201;
    },
  ],
  ["Health", "kms:DescribeKey", async (cloud) => (await send(`${cloud.url}/api/health?deep=1`)).status === 200],
];

const withAll = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });
const withoutSome = useCloud({
  env: { RATE_LIMIT_SCALE: "100", WITHOUT_RIGHTS: scenarios.map(([id, right]) => `${id} ${right}`).join(",") },
});

describe.each(scenarios)("%s", (id, right, works) => {
  it("works with the rights of its row", async () => {
    expect(await works(withAll())).toBe(true);
    expect(await withAll().log()).not.toContain("is not allowed");
  });

  it(`does not work without ${right}, and the log says so`, async () => {
    expect(await works(withoutSome())).toBe(false);
    const action = right.startsWith("kms:") ? right : `dynamodb:${right.split(":")[1]}`;
    // The log is written behind the answer.
    await eventually(async () =>
      expect(await withoutSome().log()).toContain(`concurred-local-${id} is not allowed ${action} on arn:aws:`),
    );
  });
});

it("a right that no row has is refused at the start, by its name", async () => {
  const { TestCloud } = await import("#tests/support/cloud.ts");
  const failed = await TestCloud.startInVain({ env: { WITHOUT_RIGHTS: "Models keys:DeleteItem" } });
  expect(failed.stderr).toContain("WITHOUT_RIGHTS names Models keys:DeleteItem");
});
