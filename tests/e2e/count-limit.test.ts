import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { useCloud } from "#tests/support/cloud.ts";
import { withinOneMinute } from "#tests/support/one-minute.ts";
import { type Reply, send } from "./client.ts";

/** 2 counts a minute for a key, 5 for its user. */
const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "0.02" } });

it("counting tokens has a limit per user, over all keys and both endpoints, and no one else feels it", async () => {
  const count = (key: string, path: string, body: object): Promise<Reply> =>
    send(`${cloud().baseUrl}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude-opus-5-5", ...body }),
    });
  const messages = (key: string) =>
    count(key, "/messages/count_tokens", { messages: [{ role: "user", content: "Hi" }] });
  const responses = (key: string) => count(key, "/responses/input_tokens", { input: "Hi" });
  const statuses = await withinOneMinute(async () => {
    const userId = randomUUID();
    const keys = await Promise.all([1, 2, 3].map(() => cloud().createKey({ userId })));
    const made: number[] = [];
    for (const { key } of keys) made.push((await messages(key)).status);
    for (const { key } of keys) made.push((await responses(key)).status);
    return made;
  });
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect((await messages((await cloud().createKey()).key)).status).toBe(200);
});
