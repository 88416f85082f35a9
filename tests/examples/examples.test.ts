import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { repositoryRoot } from "#tests/support/repository-files.ts";

/** Every example runs as its README says, against a running gateway. */

const run = promisify(execFile);
const folder = join(repositoryRoot, "examples");
const hasCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);

/** By file name, what its output has to contain. */
const expected: Readonly<Record<string, readonly RegExp[]>> = {
  "curl.sh": [
    /"object":"model"/,
    /x-provider-used: openai/i,
    /"chat\.completion"/,
    /data: \[DONE\]/,
    /"INVALID_MODEL"/,
  ],
  "openai-sdk.ts": [/\S/, /Answered by gpt\S*, openai/, /2 embeddings of 1536 numbers/],
  "ai-sdk.ts": [/Sunny in \S+/, /\d+ tokens in 2 steps/, /population/],
  "langchain.ts": [/Sunny in \S+/, /population/],
};

const untested = new Set(["openai_sdk.py"]);

describe("the examples", () => {
  const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });

  it.each(Object.entries(expected))("%s runs and shows what it promises", async (file, outputs) => {
    if (file.endsWith(".sh") && !hasCurl) return;
    const program = file.endsWith(".sh") ? "bash" : process.execPath;
    const { key } = await cloud().createKey();
    const env = { PATH: process.env.PATH, CK_KEY: key, CK_BASE_URL: cloud().baseUrl };
    const { stdout, stderr } = await run(program, [join("examples", file)], { cwd: repositoryRoot, env });
    for (const output of outputs) expect(stdout, stderr).toMatch(output);
  });

  it("are all run here, but for those that say that they are untested", () => {
    const files = readdirSync(folder).filter((name) => name !== "README.md" && !untested.has(name));
    expect(files.toSorted()).toEqual([...Object.keys(expected), "webhook-receiver.ts"].toSorted());
  });
});

describe("examples/webhook-receiver.ts", () => {
  const secret = `whsec_${Buffer.from("a secret of this test only").toString("base64")}`;
  const receiver = { url: "", lines: [] as string[], stop: async (): Promise<void> => {} };

  beforeAll(async () => {
    const child = spawn(process.execPath, ["examples/webhook-receiver.ts"], {
      cwd: repositoryRoot,
      env: { PATH: process.env.PATH, WEBHOOK_SECRET: secret, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    receiver.stop = async () => {
      const closed = once(child, "close");
      child.kill();
      await closed;
    };
    const lines = createInterface({ input: child.stdout });
    const [first]: string[] = await once(lines, "line");
    receiver.url = /http:\S+/.exec(first ?? "")?.[0] ?? "";
    lines.on("line", (line: string) => receiver.lines.push(line));
  });
  afterAll(() => receiver.stop());

  const body = JSON.stringify({ type: "job.completed", timestamp: "", data: { id: "job_1", status: "completed" } });
  const deliver = (sent: string, sentAt = new Date()): Promise<Response> =>
    fetch(receiver.url, {
      method: "POST",
      headers: {
        "webhook-id": "msg_1",
        "webhook-timestamp": String(Math.floor(sentAt.getTime() / 1_000)),
        "webhook-signature": new Webhook(secret).sign("msg_1", sentAt, body),
      },
      body: sent,
    });

  it("takes a delivery that the gateway signed, and shows the job", async () => {
    expect((await deliver(body)).status).toBe(204);
    await eventually(() => expect(receiver.lines).toEqual(["msg_1: job.completed job_1"]));
  });

  it("refuses a changed body and an old timestamp", async () => {
    expect((await deliver(body.replace("job_1", "job_2"))).status).toBe(400);
    expect((await deliver(body, new Date(Date.now() - 3_600_000))).status).toBe(400);
    expect(receiver.lines).toHaveLength(1);
  });
});
