import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { IdempotencyLease, takeLease } from "#core/idempotency/idempotency.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { openRequest } from "./record/requests.ts";
import { part, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

/** The routes' own schemas have a part in a fingerprint: local-folder.test.ts sends every recorded request again. */
describe.skipIf(!hasTables).each(versions)(`idempotency rows of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["cache"]);
  const take = (name: string, body: unknown, nowMs = Date.now()) =>
    takeLease({
      userId: recorded().recording.owner.userId,
      route: "ChatCompletions",
      key: name,
      body: chatRequestSchema.parse(body),
      requestId: "req_of_today",
      deadlineMs: nowMs + 60_000,
      nowMs,
    });
  const bodyOf = (name: string) => part(recorded().recording.exchanges, name).body;

  it.each(["chat-completion", "chat-stream", "chat-refused"])("replay the answer of %s byte for byte", async (name) => {
    const { status, contentType, sha256 } = part(recorded().recording.exchanges, name);
    const answer = await take(name, bodyOf(name));
    if (answer instanceof IdempotencyLease) throw new Error("It was a miss");
    expect(answer).toMatchObject({
      status,
      headers: { "content-type": contentType },
      streamed: name === "chat-stream",
    });
    expect(createHash("sha256").update(answer.body).digest("hex")).toBe(sha256);
  });

  it("refuse another body", async () => {
    const other = { model: "gpt", messages: [{ role: "user", content: "Something else" }] };
    await expect(take("chat-completion", other)).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
  });

  it("know an answer that was too long to keep as done", async () => {
    await expect(take("chat-too-long", bodyOf("chat-too-long"))).rejects.toMatchObject({
      code: "CONFLICT",
      details: { done: true, requestId: part(recorded().recording.exchanges, "chat-too-long").requestId },
    });
  });

  it.each(["killed", "cancelling"] as const)(
    "hold the key of a request that was killed (%s) until its deadline, and then free it",
    async (name) => {
      const { body } = openRequest(name);
      await expect(take(name, body)).rejects.toMatchObject({
        code: "CONFLICT",
        details: { requestId: recorded().recording.requestIds[name] },
      });
      const later = recorded().recording.recordedAtMs + 600_000;
      expect(await take(name, body, later)).toBeInstanceOf(IdempotencyLease);
    },
  );

  it("are forgotten after a day", async () => {
    const nextDay = recorded().recording.recordedAtMs + 86_400_000;
    expect(await take("chat-completion", bodyOf("chat-completion"), nextDay)).toBeInstanceOf(IdempotencyLease);
  });
});
