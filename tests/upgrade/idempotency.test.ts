import { describe, expect, it } from "vitest";
import { IdempotencyLease, takeLease } from "#core/idempotency/idempotency.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { openRequest } from "./record/requests.ts";
import { part, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

/** Fingerprints of version 1 know no headers. */
describe.skipIf(!hasTables).each(versions)(`idempotency rows of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["cache"]);
  const take = (name: string, body: unknown, nowMs = Date.now()) =>
    takeLease({
      userId: recorded().recording.owner.userId,
      route: "ChatCompletions",
      key: name,
      body: chatRequestSchema.parse(body),
      headers: {},
      requestId: "req_of_today",
      deadlineMs: nowMs + 60_000,
      nowMs,
    });
  const bodyOf = (name: string) => part(recorded().recording.exchanges, name).body;

  it.each(["chat-completion", "chat-stream", "chat-refused", "chat-too-long"])(
    "are a miss for %s, whose headers they do not know, and never another body's",
    async (name) => {
      expect(await take(name, bodyOf(name))).toBeInstanceOf(IdempotencyLease);
    },
  );

  it("are a miss for another body, too: nothing is refused for a fingerprint of an older version", async () => {
    const other = { model: "gpt", messages: [{ role: "user", content: "Something else" }] };
    expect(await take("chat-completion", other)).toBeInstanceOf(IdempotencyLease);
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
