import { beforeEach, describe, expect, it } from "vitest";
import { forgetTargets } from "#core/routing/target-stats.ts";
import { completion, failing, json, provider, refused, results, run, target } from "./attempts.ts";

const tooLong = json(400, { error: { message: "Your input exceeds the context window of this model.", code: null } });

describe("a request that outgrew a model's context", () => {
  beforeEach(() => forgetTargets());

  it("goes to the next target that has more of it, and not to those that have no more", async () => {
    const [small, same, large] = [await provider(tooLong), await provider(completion), await provider(completion)];
    // 200,000 tokens, 128,000, and a million.
    const { attempts, target: served } = await run([
      target(small, "o3"),
      target(same, "gpt-4o"),
      target(large, "gpt-5.5"),
    ]);
    expect(served.model.id).toBe("gpt-5.5");
    expect(results(attempts)).toEqual(["o3 request", "gpt-5.5 ok"]);
    expect(same.requests).toHaveLength(0);
  });

  it("goes to a target whose context nobody knows", async () => {
    const [small, unknown] = [await provider(tooLong), await provider(completion)];
    const { target: served } = await run([target(small, "o3"), target(unknown, "openai/tomorrow")]);
    expect(served.model.id).toBe("openai/tomorrow");
  });

  it("is refused with OpenAI's code where no other has more, after one call", async () => {
    const [small, same] = [await provider(tooLong), await provider(completion)];
    const error = await refused(run([target(small, "o3"), target(same, "gpt-4o")]));
    expect(error).toMatchObject({
      status: 400,
      code: "context_length_exceeded",
      type: "invalid_request_error",
      shouldRetry: false,
    });
    expect(small.requests).toHaveLength(1);
    expect(same.requests).toHaveLength(0);
  });

  it("is not what another refusal is: the next target is asked whatever its context is", async () => {
    const [first, second] = [await provider(failing(400)), await provider(completion)];
    expect((await run([target(first, "o3"), target(second, "gpt-4o")])).target.model.id).toBe("gpt-4o");
  });
});
