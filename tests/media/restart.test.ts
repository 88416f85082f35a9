import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TestCloud } from "#tests/support/cloud.ts";
import { startFakeProvider } from "#tests/support/fake-provider.ts";
import { Caller, dataOf, type Job } from "./support.ts";

it("a job is asked about and ended after the gateway was started anew", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "concurred-jobs-"));
  let done = false;
  const fashn = await startFakeProvider(({ path }, response) => {
    const state = done
      ? { status: "completed", output: ["https://cdn.fashn.ai/a.png"] }
      : { status: "processing", output: null };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(path === "/v1/run" ? { id: "run-1", error: null } : { id: "run-1", ...state }));
  });
  const env = { FASHN_BASE_URL: `${fashn.url}/v1`, RATE_LIMIT_SCALE: "100" };
  let cloud = await TestCloud.start({ dataDir, env });
  try {
    const user = await Caller.of(cloud);
    const inputs = { image: "https://images.example.com/a.png" };
    const reply = await user.post("/fashion/run", { model_name: "reframe", inputs });
    const { id } = dataOf<Job>(reply);
    expect(dataOf<Job>(await user.get(`/fashion/status/${id}`)).status).toBe("processing");
    await cloud.stop();
    done = true;
    cloud = await TestCloud.start({ dataDir, env });
    const again = user.on(cloud);
    expect(await again.ended(`/fashion/status/${id}`)).toMatchObject({ id, status: "completed" });
    expect(await again.usage(reply)).toMatchObject({ status: "ok", units: 2 });
  } finally {
    await cloud.stop();
    await fashn.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
