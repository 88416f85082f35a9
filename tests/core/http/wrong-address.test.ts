import { describe, expect, it } from "vitest";
import { rightAddress } from "#core/http/wrong-address.ts";
import { handler } from "#functions/not-found.ts";
import { callJson, muteLog } from "#tests/core/support/lambda.ts";

const base = "https://gateway.example";

describe("a wrong address", () => {
  muteLog();

  it.each([
    ["/v1/messages", "messages", `${base}/api `],
    ["/api/messages", "messages", `${base}/api `],
    ["/api/v1/v1/messages", "messages", `${base}/api `],
    ["/v1/messages/count_tokens", "messages", `${base}/api `],
    ["/v1/chat/completions", "openai", `${base}/api/v1.`],
    ["/chat/completions", "openai", `${base}/api/v1.`],
    ["/api/chat/completions", "openai", `${base}/api/v1.`],
    ["/api/v1/v1/responses", "openai", `${base}/api/v1.`],
    ["/v1/models", "openai", `${base}/api/v1.`],
    ["/api/v1", "openai", `${base}/api/v1,`],
    ["/", "openai", `${base}/api/v1,`],
  ])("%s names the right base URL for the client that asks, in its dialect: %s", (path, dialect, url) => {
    expect(rightAddress(path, base)).toMatchObject({ dialect, message: expect.stringContaining(url) });
  });

  it.each([
    ["/api/v1/completions", "openai", "/api/v1/chat/completions"],
    ["/v1/completions", "openai", "/api/v1/chat/completions"],
    ["/api/v1/chat/completions/chatcmpl-1", "openai", "not stored"],
    ["/api/v1/files", "openai", "data: URL"],
    ["/api/v1/files/file_1/content", "openai", "data: URL"],
    ["/api/v1/batches", "openai", "by itself"],
    ["/api/v1/messages/batches", "messages", "/api/v1/messages"],
    ["/api/v1/assistants", "openai", "/api/v1/responses"],
    ["/api/v1/threads/thread_1/runs", "openai", "/api/v1/responses"],
    ["/api/v1/conversations", "openai", "/api/v1/responses"],
    ["/api/v1/vector_stores/vs_1/search", "openai", "in the request"],
    ["/api/v1/realtime", "openai", "WebSockets"],
    ["/api/v1/audio/translations", "openai", "/api/v1/audio/transcriptions"],
    ["/api/v1/images/variations", "openai", "/api/v1/images/edits"],
  ])(
    "%s, which a vendor has and the gateway has not, says what to use, in its dialect: %s",
    (path, dialect, advice) => {
      const right = rightAddress(path, base);
      expect(right).toMatchObject({ dialect, message: expect.stringContaining(advice) });
      expect(right?.message).not.toContain("Set the base URL");
    },
  );

  it.each(["/api/v1/unknown", "/robots.txt", "/api/v1/profiles"])("%s is no client's", (path) => {
    expect(rightAddress(path, base)).toBeUndefined();
  });

  it("leads a browser that opens the gateway's address to the dashboard, and no client", async () => {
    const page = await callJson(handler, { path: "/", headers: { accept: "text/html,*/*;q=0.8" } });
    expect(page.status).toBe(303);
    expect(page.headers.location).toBe("/dashboard");
    for (const [path, accept] of [
      ["/", "*/*"],
      ["/", "application/json"],
      ["/nothing", "text/html"],
    ] as const) {
      expect((await callJson(handler, { path, headers: { accept } })).status, `${path} ${accept}`).toBe(404);
    }
  });

  it("is a 400 in Anthropic's envelope for its clients, which show no other message, and a 404 for the others", async () => {
    const headers = { host: "gateway.example" };
    const messages = await callJson(handler, { method: "POST", path: "/v1/messages", headers, body: {} });
    expect(messages.status).toBe(400);
    expect(messages.json()).toMatchObject({
      type: "error",
      error: { type: "invalid_request_error", message: expect.stringContaining("https://gateway.example/api ") },
    });
    const chat = await callJson(handler, { method: "POST", path: "/v1/chat/completions", headers, body: {} });
    expect(chat.status).toBe(404);
    expect(chat.json().error.message).toContain("https://gateway.example/api/v1");
    const other = await callJson(handler, { path: "/nothing", headers });
    expect(other.json().error).toMatchObject({ code: "NOT_FOUND", message: "No endpoint has this path." });
  });
});
