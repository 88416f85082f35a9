import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { chat, send, user } from "#tests/e2e/client.ts";
import { useCloud } from "#tests/support/cloud.ts";

/** Many heavy bodies at once, whose keys are unknown: each is refused for its key, and other callers are unaffected. */

vi.setConfig({ testTimeout: 120_000 });

const bodyBytes = 5_000_000;
const atOnce = 24;
/** The whole cloud with all its functions in one process: what the bodies of the storm themselves take, several times. */
const allowedGrowthBytes = 1_500 * 1024 * 1024;

const fill = (part: string): string => `{"model":"gpt","messages":[${part.repeat(bodyBytes / part.length)}0]}`;
const bodies = [
  fill("[],"),
  fill('{"a":1},'),
  fill('"a text that is as long as many texts of a caller are",'),
  fill("1,"),
];
/** In the form of a key, so that only Unkey can reject it. */
const unknownKey = (): string => `ck_${randomBytes(18).toString("hex").replaceAll("0", "z")}`;

const residentBytes = async (pid: number): Promise<number> =>
  Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]) * 4_096;

describe.skipIf(process.platform !== "linux")("a storm of heavy bodies with unknown keys", () => {
  const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });

  const heavy = (index: number, authorization: Readonly<Record<string, string>>) =>
    send(`${cloud().baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization },
      body: bodies[index % bodies.length] ?? "",
    });

  it("is answered with 401 to each, keeps memory bounded, and lets others be served meanwhile", async () => {
    const { pid } = cloud().ready;
    const key = await cloud().createKey();
    const honest = () => chat(cloud(), { model: "gpt", messages: [user("Hello")] }, key.key);
    expect((await honest()).status).toBe(200);
    const before = await residentBytes(pid);
    let largest = before;
    const storm = Array.from({ length: atOnce }, (_, index) =>
      heavy(index, index % 3 === 0 ? {} : { authorization: `Bearer ${unknownKey()}` }),
    );
    const others = [honest(), honest(), send(`${cloud().url}/api/health`)];
    for (const one of storm) {
      await one;
      largest = Math.max(largest, await residentBytes(pid));
    }
    const answers = await Promise.all(storm);
    expect(answers.map((answer) => ({ status: answer.status, code: answer.error().code }))).toEqual(
      answers.map((_, index) => ({ status: 401, code: index % 3 === 0 ? "UNAUTHORIZED" : "INVALID_API_KEY" })),
    );
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(largest - before).toBeLessThan(allowedGrowthBytes);
    expect(await cloud().log()).not.toContain("UnkeyUnavailable");
  });

  it("with a valid key is a 400 to each, and the key is served afterwards", async () => {
    const key = await cloud().createKey();
    const authorization = { authorization: `Bearer ${key.key}` };
    const answers = await Promise.all(bodies.map((_, index) => heavy(index, authorization)));
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 400));
    expect((await chat(cloud(), { model: "gpt", messages: [user("Hello")] }, key.key)).status).toBe(200);
  });
});
