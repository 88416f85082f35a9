import Fashn from "fashn";
import { describe, expect, it } from "vitest";
import { fashionCredits } from "#core/schemas/fashion.ts";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, dataOf, eventsOf, newMark } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const microUsd = 1_000_000n;
const creditMicroUsd = 75_000n;
/** A picture's URL; what follows scripts the stand-in. */
const photo = (directive = "") =>
  `https://images.example.com/${newMark()}.jpg${directive === "" ? "" : `#[[simulate:${directive}]]`}`;

interface FashionData {
  readonly id: string;
  readonly status: string;
  readonly output: readonly string[] | null;
  readonly error: { readonly name: string; readonly message: string } | null;
}

const requiredInputs: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "tryon-v1.6": { model_image: photo, garment_image: photo },
  "product-to-model": { product_image: photo },
  "face-to-model": { face_image: photo },
  "model-create": { prompt: () => "A model in a park" },
  "model-variation": { model_image: photo },
  "model-swap": { model_image: photo },
  reframe: { image: photo },
  "background-change": { image: photo, prompt: () => "A beach" },
  "background-remove": { image: photo },
  "image-to-video": { image: photo },
};

const inputsOf = (model: string) =>
  Object.fromEntries(Object.entries(requiredInputs[model] ?? {}).map(([name, make]) => [name, make()]));

describe.each(Object.keys(requiredInputs))("fashion with %s", (model) => {
  it("runs to its output, and is metered in credits once it has ended", async () => {
    const user = await caller();
    const reply = await user.post("/fashion/run", { model_name: model, inputs: inputsOf(model) });
    const started = dataOf<FashionData>(reply);
    expect(started).toMatchObject({ status: "starting", output: null, error: null });
    expect(started.id).toMatch(/^job_/);
    const ended = (await user.ended(`/fashion/status/${started.id}`)) as unknown as FashionData;
    expect(ended).toMatchObject({ id: started.id, status: "completed", error: null });
    expect(ended.output?.[0]).toMatch(/^http.*\.(png|mp4)$/);
    const credits = (fashionCredits as Readonly<Record<string, number>>)[model] ?? 0;
    const cost = BigInt(credits) * creditMicroUsd * microUsd;
    expect(await user.usage(reply)).toMatchObject({
      route: "FashionRun",
      status: "ok",
      model,
      provider: "fashn",
      unit: "credits",
      units: credits,
      costPicoUsd: cost,
    });
    expect(await user.booked()).toBe(cost);
  });

  it.each(Object.keys(requiredInputs[model] ?? {}))(
    "is a 400 that names inputs.%s when it is missing",
    async (field) => {
      const user = await caller();
      const mark = newMark();
      const inputs: Record<string, string> = { ...inputsOf(model), ...(field === "prompt" ? {} : {}) };
      delete inputs[field];
      const reply = await user.post("/fashion/run", { model_name: model, inputs: { ...inputs } });
      expect(reply.status).toBe(400);
      expect(reply.error()).toMatchObject({ code: "MISSING_REQUIRED_FIELD", param: `inputs.${field}` });
      expect(await cloud().providerRequests(mark)).toEqual([]);
    },
  );

  it("refuses an input that it does not have", async () => {
    const reply = await (await caller()).post("/fashion/run", {
      model_name: model,
      inputs: { ...inputsOf(model), no_such_input: 1 },
    });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "inputs.no_such_input" });
  });
});

describe("a run that fails", () => {
  it.each(["ImageLoadError", "ContentModerationError", "PoseError", "PipelineError", "3rdPartyProviderError"])(
    "with %s is failed by that name, and its booked money is given back",
    async (name) => {
      const user = await caller();
      const inputs = { model_image: photo(`fail=${name}`), garment_image: photo() };
      const reply = await user.post("/fashion/run", { model_name: "tryon-v1.6", inputs });
      const ended = (await user.ended(`/fashion/status/${dataOf(reply).id}`)) as unknown as FashionData;
      expect(ended).toMatchObject({ status: "failed", output: null, error: { name } });
      expect(await user.usage(reply)).toMatchObject({ status: "error", units: 0, costPicoUsd: 0n });
      expect(await user.booked()).toBe(0n);
    },
  );

  it.each([
    ["status=429 code=OutOfCredits", 502, "insufficient_quota"],
    ["status=401", 502, "PROVIDER_AUTH_FAILED"],
    ["status=400 code=BadRequest message=nope", 400, "PROVIDER_ERROR"],
    ["status=500", 502, "PROVIDER_ERROR"],
    ["reset", 502, "PROVIDER_ERROR"],
  ])("at once (%s) is %i %s", async (directive, status, code) => {
    const user = await caller();
    const reply = await user.post("/fashion/run", { model_name: "reframe", inputs: { image: photo(directive) } });
    expect(reply.status).toBe(status);
    expect(reply.error().code).toBe(code);
    // FASHN has the request, and nobody knows what it did with it.
    expect(await user.booked()).toBe(directive === "reset" ? 150_000_000_000n : 0n);
  });
});

describe("GET /api/v1/fashion/status/:id", () => {
  it("is 404 for another user's job, for an unknown one, and for a job of another kind", async () => {
    const [owner, other] = [await caller(), await caller()];
    const { id } = dataOf<FashionData>(
      await owner.post("/fashion/run", { model_name: "reframe", inputs: { image: photo() } }),
    );
    expect((await other.get(`/fashion/status/${id}`)).error()).toMatchObject({ code: "NOT_FOUND", param: "id" });
    expect((await owner.get("/fashion/status/job_nothing")).status).toBe(404);
    expect((await owner.get(`/media/video/${id}`)).status).toBe(404);
  });

  it("asks FASHN once however many clients ask at the same time", async () => {
    const user = await caller();
    const { id } = dataOf<FashionData>(
      await user.post("/fashion/run", { model_name: "reframe", inputs: { image: photo("polls=50") } }),
    );
    const row = (await cloud().rows("jobs")).find((job) => job.id === id);
    const fashnId = String(Object(row?.ticket).id);
    const asked = await Promise.all(Array.from({ length: 10 }, () => user.get(`/fashion/status/${id}`)));
    expect(asked.map(({ status }) => status)).toEqual(Array(10).fill(200));
    const response = await fetch(
      `${new URL(cloud().ready.local.simulatedProviders.fashn ?? "").origin}/simulated/requests`,
    );
    const { requests } = (await response.json()) as { requests: { path: string }[] };
    const polls = requests.filter(({ path }) => path === `/v1/status/${fashnId}`);
    expect(polls.length).toBeGreaterThanOrEqual(1);
    // Ten calls may take longer than one turn on a slow machine, but never a poll each.
    expect(polls.length).toBeLessThan(5);
  });

  it("gives outputs in base64 from FASHN for as long as it keeps them", async () => {
    const user = await caller();
    const { id } = dataOf<FashionData>(
      await user.post("/fashion/run", {
        model_name: "background-remove",
        inputs: { image: photo(), return_base64: true },
      }),
    );
    const ended = (await user.ended(`/fashion/status/${id}`)) as unknown as FashionData;
    expect(ended.output?.[0]).toMatch(/^data:image\/png;base64,/);
    const row = (await cloud().rows("jobs")).find((job) => job.id === id);
    expect(JSON.stringify(row)).not.toContain("base64,");
  });

  it("says that the output is over once its time has passed", async () => {
    const user = await caller();
    const { id } = dataOf<FashionData>(
      await user.post("/fashion/run", { model_name: "reframe", inputs: { image: photo() } }),
    );
    await user.ended(`/fashion/status/${id}`);
    const past = [{ url: "https://cdn.example.com/gone.png", expiresAt: Date.now() - 1 }];
    await cloud().setAttribute("jobs", { pk: `USER#${user.key.userId}`, sk: `JOB#${id}` }, "output", past);
    expect(dataOf<FashionData>(await user.get(`/fashion/status/${id}`))).toMatchObject({
      status: "completed",
      output: null,
      error: { name: "OutputExpired" },
    });
  });
});

describe("POST /api/v1/fashion/subscribe", () => {
  const subscribe = async (directive: string, extra: object = {}) => {
    const user = await caller();
    const body = { model_name: "reframe", inputs: { image: photo(directive) }, ...extra };
    const reply = await user.post("/fashion/subscribe", body);
    return { user, reply, events: eventsOf(reply.text) };
  };

  it("tells start, progress, the result and the end", async () => {
    const { user, reply, events } = await subscribe("polls=2");
    expect(reply.headers.get("content-type")).toContain("text/event-stream");
    expect(events[0]).toMatchObject({ name: "start", data: { status: "starting" } });
    expect(events.filter(({ name }) => name === "progress").map(({ data }) => data.status)).toEqual([
      "in_queue",
      "processing",
    ]);
    expect(events.at(-2)).toMatchObject({ name: "result", data: { success: true, data: { status: "completed" } } });
    expect(events.at(-1)).toMatchObject({ name: "done", data: { status: "completed" } });
    expect(await user.usage(reply)).toMatchObject({ route: "FashionSubscribe", status: "ok", units: 2 });
  });

  it("tells a failure by its name", async () => {
    const { events } = await subscribe("fail=PoseError");
    expect(events.at(-2)).toMatchObject({
      name: "error",
      data: { error: { code: "PROVIDER_ERROR", details: { name: "PoseError", provider: "fashn" } } },
    });
    expect(events.at(-1)).toMatchObject({ name: "done", data: { status: "failed" } });
  });

  it("ends at its own time limit, while the job goes on", async () => {
    const { user, events } = await subscribe("polls=4", { timeout: 5_000 });
    expect(events.at(-2)).toMatchObject({ name: "error", data: { error: { details: { name: "PollingTimeout" } } } });
    const ended = await user.ended(`/fashion/status/${events[0]?.data.id}`);
    expect(ended.status).toBe("completed");
  });

  it("is a plain 400 for what is wrong before it begins", async () => {
    const user = await caller();
    const reply = await user.post("/fashion/subscribe", { model_name: "no-such-model", inputs: {} });
    expect(reply.error()).toMatchObject({ code: "INVALID_MODEL", param: "model_name" });
    expect(reply.error().details.suggestions).toContain("tryon-v1.6");
  });
});

describe("the official fashn SDK on the simulated FASHN", () => {
  const sdk = (apiKey = "a-test-key"): Fashn =>
    new Fashn({
      apiKey,
      // The SDK's paths begin with /v1.
      baseURL: (cloud().ready.local.simulatedProviders.fashn ?? "").replace(/\/v1$/, ""),
      maxRetries: 0,
    });

  it("runs and asks for the status", async () => {
    const { id, error } = await sdk().predictions.run({ model_name: "reframe", inputs: { image: photo("polls=0") } });
    expect(error).toBeNull();
    expect(await sdk().predictions.status(id)).toMatchObject({ id, status: "completed", error: null });
  });

  it("subscribes with every state on the way, and reads the credits", async () => {
    const states: string[] = [];
    const result = await sdk().predictions.subscribe({
      model_name: "tryon-v1.6",
      inputs: { model_image: photo("polls=2"), garment_image: photo() },
      pollInterval: 10,
      onQueueUpdate: ({ status }) => states.push(status),
    });
    expect(states).toEqual(["in_queue", "processing", "completed"]);
    expect(result).toMatchObject({ status: "completed", creditsUsed: 3 });
  });

  it("gets a failure by name, and its own errors for refusals", async () => {
    const failed = await sdk().predictions.subscribe({
      model_name: "reframe",
      inputs: { image: photo("fail=PoseError") },
      pollInterval: 10,
    });
    expect(failed).toMatchObject({ status: "failed", error: { name: "PoseError" } });
    const run = (image: string) => sdk().predictions.run({ model_name: "reframe", inputs: { image } });
    await expect(run(photo("status=429"))).rejects.toBeInstanceOf(Fashn.RateLimitError);
    await expect(run("")).rejects.toBeInstanceOf(Fashn.BadRequestError);
    await expect(sdk("invalid-key").predictions.status("x")).rejects.toBeInstanceOf(Fashn.AuthenticationError);
    await expect(sdk().predictions.status("nothing")).rejects.toBeInstanceOf(Fashn.NotFoundError);
  });
});
