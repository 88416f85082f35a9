import { describe, expect, test } from "vitest";
import { exaSearch } from "./exa-contract.ts";
import { useProviders } from "./harness.ts";

/** The simulated Exa: held against Exa's own document where that is at hand, and honest about what it is. */

/** What the gateway sends. */
const asked = { query: "Why is the sky blue?", numResults: 3, contents: { text: { maxCharacters: 50 } } };
const bodies: Readonly<Record<string, object>> = {
  "what the gateway sends": asked,
  "a bare query": { query: "x" },
  "everything of a page": { query: "x", type: "fast", contents: { text: true, highlights: true } },
  "a query of another script": { query: "空が青いのはなぜ？ 🌤" },
};

interface Answer {
  readonly results: readonly { readonly url: string; readonly title: string; readonly text?: string }[];
}

describe("the simulated Exa", () => {
  const { providers, reply } = useProviders();
  const search = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const { status, text, headers: answered } = await reply(`${providers().baseUrls.exa}/search`, body, headers);
    return { status, body: JSON.parse(text) as Answer, simulated: answered.get("x-provider-simulated") };
  };

  test("finds as many pages as asked for, each of which says that it is made up", async () => {
    const { status, body, simulated } = await search(asked);
    expect({ status, simulated }).toEqual({ status: 200, simulated: "true" });
    expect(body.results).toHaveLength(3);
    expect(new Set(body.results.map(({ url }) => url)).size).toBe(3);
    for (const { url, title, text = "" } of body.results) {
      expect(new URL(url).origin).toBe("https://example.com");
      expect(title).toMatch(/^Simulated result \d: Why is the sky blue\?$/);
      expect(text).toMatch(/^This is simulated page \d: nothing was searched/);
      expect(text).toHaveLength(50);
    }
    const bare = await search({ query: "x" });
    expect(bare.body.results).toHaveLength(10);
    expect(bare.body.results[0]).not.toHaveProperty("text");
  });

  test.each([
    ["no query", {}, {}, 400, "INVALID_REQUEST_BODY"],
    ["an empty query", { query: " " }, {}, 400, "INVALID_REQUEST_BODY"],
    ["an unknown type", { query: "x", type: "psychic" }, {}, 400, "INVALID_REQUEST_BODY"],
    ["too many results", { query: "x", numResults: 101 }, {}, 400, "INVALID_REQUEST_BODY"],
    ["half a result", { query: "x", numResults: 1.5 }, {}, 400, "INVALID_REQUEST_BODY"],
    ["contents that are no object", { query: "x", contents: true }, {}, 400, "INVALID_REQUEST_BODY"],
    ["a key that nobody has", asked, { "x-api-key": "invalid" }, 401, "INVALID_API_KEY"],
    ["a scripted failure", { query: "x [[simulate: status=429]]" }, {}, 429, "RATE_LIMIT_EXCEEDED"],
  ])("refuses %s in Exa's words", async (_, body, headers, status, tag) => {
    expect(await search(body, headers)).toMatchObject({
      status,
      body: { requestId: expect.any(String), error: expect.any(String), tag },
    });
  });

  describe.skipIf(exaSearch === undefined)("keeps Exa's own OpenAPI document (skipped without it)", () => {
    test.each(Object.entries(bodies))("for %s", async (_, body) => {
      const answer = await search(body);
      expect(answer.status).toBe(200);
      expect(exaSearch?.request(body)).toEqual([]);
      expect(exaSearch?.response(answer.body)).toEqual([]);
    });
  });
});
