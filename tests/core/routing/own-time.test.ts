import { afterEach, beforeEach, expect, it } from "vitest";
import { resolveModel } from "#core/catalog/resolve.ts";
import { GatewayError } from "#core/errors.ts";
import type { Target } from "#core/routing/target.ts";
import { forgetTargets, isResting } from "#core/routing/target-stats.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { type FakeProvider, startFakeProvider } from "#tests/support/fake-provider.ts";
import { chatAttempts } from "./attempts.ts";

let silent: FakeProvider;
beforeEach(async () => {
  forgetTargets();
  silent = await startFakeProvider(() => undefined);
});
afterEach(() => silent.close());

/** Asks a provider once. `remainingMs` is the request's own time, of which the attempt gets all. */
const asking = (provider: FakeProvider, remainingMs: () => number): Promise<unknown> => {
  const target: Target = {
    model: resolveModel("gpt-5.2"),
    name: "gpt-5.2",
    byok: false,
    credential: async () => ({ apiKey: "sk-test", baseUrl: provider.url, byok: false }),
  };
  return chatAttempts({
    targets: [target],
    request: chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "hi" }] }),
    retries: 0,
    completionId: "chatcmpl-1",
    signal: new AbortController().signal,
    abortReason: () => new GatewayError("PROVIDER_TIMEOUT", "over"),
    remainingMs,
    onAttempt: () => undefined,
  });
};
/** Asks a provider that says nothing. */
const ask = (remainingMs: () => number): Promise<void> =>
  expect(asking(silent, remainingMs)).rejects.toMatchObject({ code: "PROVIDER_TIMEOUT" });

it("does not send a target to rest because callers gave it next to no time", async () => {
  for (let time = 0; time < 6; time++) {
    const times = [20, 0];
    await ask(() => times.shift() ?? 0);
  }
  expect(isResting("gpt-5.2", Date.now())).toBe(false);
});

it("sends a target to rest that let pass what it was given while there was more", async () => {
  for (let time = 0; time < 5; time++) {
    const times = [20];
    await ask(() => times.shift() ?? 10_000);
  }
  expect(isResting("gpt-5.2", Date.now())).toBe(true);
});

it("counts 50 ms left as time: what is slower than that is slow", async () => {
  for (let time = 0; time < 5; time++) {
    const times = [20];
    await ask(() => times.shift() ?? 50);
  }
  expect(isResting("gpt-5.2", Date.now())).toBe(true);
});

it("sends a target to rest that fails at the end of callers' time: only running out of it is the caller's own", async () => {
  const failing = await startFakeProvider((_request, response) => void response.writeHead(503).end("{}"));
  for (let time = 0; time < 5; time++) {
    const times = [10_000];
    await expect(asking(failing, () => times.shift() ?? 0)).rejects.toMatchObject({ code: "PROVIDER_ERROR" });
  }
  await failing.close();
  expect(isResting("gpt-5.2", Date.now())).toBe(true);
});
