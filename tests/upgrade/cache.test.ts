import { describe, expect, it } from "vitest";
import { AnswerCache } from "#core/cache/answer-cache.ts";
import { cacheKey } from "#core/cache/cache-key.ts";
import { resolveModel } from "#core/catalog/resolve.ts";
import { lockAnswer, readAnswer } from "#core/db/cached-answers.ts";
import { guardrailsKey, readGuardrailSettings } from "#core/guardrails/settings.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { part, type Row, readTable, versions } from "./recording.ts";
import { useRecording } from "./use-recording.ts";

const signal = new AbortController().signal;
const answerPrefix = "ANSWER#";
const lockSuffix = "#LOCK";
const digestOf = ({ sk }: Row): string => (sk?.S ?? "").slice(answerPrefix.length).replace(lockSuffix, "");
const expiryMs = ({ expiresAt }: Row): number => Number(expiresAt?.N) * 1_000;

describe.skipIf(!hasTables).each(versions)(`cached answers of %s (${tablesName})`, (version) => {
  const recorded = useRecording(version, ["cache"]);
  const rows = readTable(version, "cache").filter(({ sk }) => sk?.S?.startsWith(answerPrefix));
  const isLock = ({ sk }: Row): boolean => sk?.S?.endsWith(lockSuffix) === true;
  const [answers, locks] = [rows.filter((row) => !isLock(row)), rows.filter(isLock)];
  const owner = () => recorded().recording.owner.userId;
  const cacheOf = (digest: string) =>
    new AnswerCache({
      userId: owner(),
      digest,
      requestId: "req_of_today",
      ttlSeconds: 60,
      deadlineMs: Date.now() + 60_000,
    });

  it("open, whole and as frames", async () => {
    for (const row of answers) {
      const found = await cacheOf(digestOf(row)).find(signal);
      expect(found).toMatchObject({ format: row.format?.S, model: row.model?.S, provider: row.provider?.S });
      expect(found?.text).toMatch(row.format?.S === "frames" ? /^data: / : /^\{/);
    }
  });

  it.each([
    ["chat-completion", "Hello to you"],
    ["chat-stream", "parts"],
  ])("are found by today's digest of the request %s", async (name, text) => {
    const request = chatRequestSchema.parse(part(recorded().recording.exchanges, name).body);
    const digest = cacheKey({
      userId: owner(),
      model: resolveModel(request.model),
      request,
      providerKeySlug: undefined,
      guardrails: guardrailsKey(readGuardrailSettings(request.guardrails, undefined)),
      promptVersion: undefined,
    });
    expect((await cacheOf(digest).find(signal))?.text).toContain(text);
  });

  it("are not served once their time is over", async () => {
    for (const row of answers) {
      expect(await readAnswer(owner(), digestOf(row), expiryMs(row) - 1_000)).toBeDefined();
      expect(await readAnswer(owner(), digestOf(row), expiryMs(row))).toBeUndefined();
    }
  });

  it("keep others waiting by the lock of a killed request until its deadline, and no longer", async () => {
    const lock = locks.find(({ requestId }) => requestId?.S === recorded().recording.requestIds.killed);
    if (lock === undefined) throw new Error("There is no lock of the killed request");
    const verdictAt = (nowMs: number) => lockAnswer(owner(), digestOf(lock), "req_of_today", nowMs + 60_000, nowMs);
    expect(await verdictAt(recorded().recording.recordedAtMs)).toBe("wait");
    expect(await verdictAt(expiryMs(lock) + 1_000)).toBe("taken");
  });

  it("keep nobody waiting for an answer that could not be stored", async () => {
    const lock = locks.find(({ unstorable }) => unstorable?.BOOL === true);
    if (lock === undefined) throw new Error("There is no lock of an answer that was not stored");
    const nowMs = expiryMs(lock) - 1_000;
    expect(await lockAnswer(owner(), digestOf(lock), "req_of_today", nowMs + 60_000, nowMs)).toBe("go");
  });
});
