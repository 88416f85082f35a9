import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { eventsIn, useProviders, user } from "./harness.ts";

const { providers, post, reply } = useProviders();

const apis = {
  openai: () => ({ url: `${providers().baseUrls.openai}/chat/completions`, body: { model: "gpt-5.2" } }),
  anthropic: () => ({
    url: `${providers().baseUrls.anthropic}/v1/messages`,
    body: { model: "claude-sonnet-4-5", max_tokens: 4_000 },
  }),
} as const;
const both = Object.entries(apis);
type Api = (typeof apis)["openai"] | (typeof apis)["anthropic"];

const stream = (api: Api, directive: string) => {
  const { url, body } = api();
  return post(url, { ...body, messages: user(`[[simulate: ${directive}]]`), stream: true });
};
const whole = (api: Api, directive: string) => {
  const { url, body } = api();
  return reply(url, { ...body, messages: user(`[[simulate: ${directive}]]`) });
};

/** What came before the connection broke, and whether it did. */
const readUntilEnd = async (response: Response): Promise<{ readonly text: string; readonly broken: boolean }> => {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
};

const contentChunks = (text: string): number =>
  (eventsIn(text) as readonly { type?: string; choices?: readonly { delta: { content?: string } }[] }[]).filter(
    (event) => event.type === "content_block_delta" || (event.choices?.[0]?.delta.content ?? "") !== "",
  ).length;

const lastState = () => providers().requests().at(-1)?.state;

describe.each(both)("scripted faults of %s", (_, api) => {
  test("status and retry-after", async () => {
    const { status, headers } = await whole(api, "status=429 retry-after=2");
    expect([status, headers.get("retry-after")]).toEqual([429, "2"]);
  });

  test("an error in a body with status 200", async () => {
    const { status, text } = await whole(api, "error-200");
    expect([status, Object.keys(JSON.parse(text))]).toEqual([200, expect.arrayContaining(["error"])]);
  });

  test("an HTML page with status 502", async () => {
    const { status, text } = await whole(api, "html-502");
    expect([status, text.startsWith("<html>")]).toEqual([502, true]);
  });

  test("a reset before the headers", async () => {
    await expect(whole(api, "reset")).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
  });

  test("exactly the scripted number of chunks", async () => {
    const { text, broken } = await readUntilEnd(await stream(api, "chunks=64"));
    expect([contentChunks(text), broken]).toEqual([64, false]);
  });

  test("a cut after 3 chunks, and not before", async () => {
    const { text, broken } = await readUntilEnd(await stream(api, "cut-after=3"));
    expect([contentChunks(text), broken]).toEqual([3, true]);
    await vi.waitFor(() => expect(lastState()).toBe("fault"));
  });

  test("a cut in the middle of a whole body", async () => {
    await expect(whole(api, "cut-after=0")).rejects.toThrow();
  });

  test("an error event after 2 chunks, or before any", async () => {
    for (const count of [2, 0]) {
      const { text, broken } = await readUntilEnd(await stream(api, `error-event-after=${count}`));
      expect([contentChunks(text), broken]).toEqual([count, false]);
      expect(eventsIn(text).at(-1)).toHaveProperty("error");
      expect(text).not.toContain("[DONE]");
    }
  });

  test("a clean end without a finish", async () => {
    const { text, broken } = await readUntilEnd(await stream(api, "eof-without-finish"));
    expect([contentChunks(text) > 3, broken]).toEqual([true, false]);
    expect(text).not.toMatch(/\[DONE\]|message_delta|"finish_reason":"/);
  });

  test("one broken chunk in an otherwise whole stream", async () => {
    const { text } = await readUntilEnd(await stream(api, "garbage=1"));
    expect(() => eventsIn(text)).toThrow(SyntaxError);
    expect(text).toMatch(/\[DONE\]|message_stop/);
  });

  test("silence after 2 chunks until the client leaves, which is seen", async () => {
    const leaving = new AbortController();
    const { url, body } = api();
    const response = await post(
      url,
      { ...body, messages: user("[[simulate: stall-after=2]]"), stream: true },
      {},
      leaving.signal,
    );
    let text = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? []) {
        text += decoder.decode(bytes, { stream: true });
        if (contentChunks(text.slice(0, text.lastIndexOf("\n\n") + 2)) === 2) leaving.abort();
      }
    })();
    await expect(reading).rejects.toThrow(/abort/i);
    expect(contentChunks(text)).toBe(2);
  });

  test("a client that leaves while the first byte is awaited is seen", async () => {
    const leaving = new AbortController();
    const { url, body } = api();
    const calling = post(url, { ...body, messages: user("[[simulate: first-delay-ms=20000]]") }, {}, leaving.signal);
    await vi.waitFor(() => expect(lastState()).toBe("open"));
    leaving.abort();
    await expect(calling).rejects.toThrow(/abort/i);
    await vi.waitFor(() => expect(lastState()).toBe("client-left"));
  });

  test("CRLF, no space after the colon, and comments", async () => {
    const { text } = await readUntilEnd(await stream(api, "crlf no-space comments"));
    expect(text).toMatch(/^: keep-alive\r\n\r\n/);
    expect(text).toMatch(/\r\ndata:\{|^data:\{/m);
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
    expect(contentChunks(text)).toBeGreaterThan(3);
  });

  test("characters split over two writes", async () => {
    const { url, body } = api();
    const calling = httpRequest(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer k", "anthropic-version": "2023-06-01" },
    });
    calling.end(JSON.stringify({ ...body, messages: user("[[simulate: split-utf8 text=ü世🙂]]"), stream: true }));
    const [response] = await once(calling, "response");
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    const strict = new TextDecoder("utf-8", { fatal: true });
    const splits = parts.filter((part) => {
      try {
        strict.decode(part);
        return false;
      } catch {
        return true;
      }
    });
    expect(splits.length).toBeGreaterThan(0);
    expect(Buffer.concat(parts).toString()).toContain("世");
  });

  test("a scripted text, refusal, length and finish", async () => {
    expect((await whole(api, "text=just this")).text).toContain('"just this"');
    expect((await whole(api, "refusal")).text).toMatch(/"refusal":"I'm sorry|"stop_reason":"refusal"/);
    expect((await whole(api, "finish=length")).text).toMatch(/"finish_reason":"length"|"stop_reason":"max_tokens"/);
    expect((await whole(api, "length=5000 chunks=1")).text.length).toBeGreaterThan(5_000);
  });
});

describe("the journal", () => {
  test("keeps what was asked, without the key", async () => {
    await whole(apis.anthropic, "text=x");
    const [last] = providers().requests().slice(-1);
    expect(last).toMatchObject({
      provider: "anthropic",
      method: "POST",
      path: "/v1/messages",
      model: "claude-sonnet-4-5",
      headers: { authorization: "[redacted]", "anthropic-version": "2023-06-01" },
      body: { max_tokens: 4_000 },
      status: 200,
    });
    expect(JSON.stringify(providers().requests())).not.toContain("a-test-key");
  });

  test("can be forgotten", () => {
    providers().clearRequests();
    expect(providers().requests()).toEqual([]);
  });
});

test.each(["/openai/v1/nothing", "/anthropic/v1/nothing"])(
  "an unknown path %s is that provider's 404",
  async (path) => {
    const { origin } = new URL(providers().baseUrls.openai);
    const { status, text } = await reply(`${origin}${path}`, {});
    expect([status, JSON.parse(text)]).toEqual([404, expect.objectContaining({ error: expect.anything() })]);
  },
);
