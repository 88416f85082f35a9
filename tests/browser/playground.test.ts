import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { pressOn, typeInto } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { payInPlayground } from "./support/pay-with.ts";
import { pickModel } from "./support/pick-model.ts";
import { catalogue, chatKey } from "./support/sample-data.ts";

/** The Playground: answers as Markdown, branches, comparison, tools, images, code, and what the browser keeps for whom. */

const chat = "POST v1/chat/completions";

interface Part {
  readonly image_url?: { readonly url: string };
}

const frames = (...chunks: readonly object[]): string =>
  [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"].join("");

const streamOf = (text: string): Exclude<Answers[string], (...input: never) => unknown> => ({
  status: 200,
  headers: { "content-type": "text/event-stream", "x-model-used": "gpt-5.2", "x-provider-used": "openai" },
  text: frames(
    { choices: [{ delta: { content: text } }] },
    { choices: [{ delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 500 } },
  ),
});

const markdown =
  "# Title\n\n- one\n- **two**\n\n```ts\nconst a: number = 1 < 2 ? 1 : 0;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |";

describe.skipIf(!hasChromium)(`The playground in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (
    more: Answers = {},
    { width = 1280, prepare = async (_: Page): Promise<unknown> => undefined } = {},
  ) => {
    const opened = await open({
      viewport: { width, height: 800 },
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const answers: Record<string, Answers[string]> = {
      "GET auth/session": ok({ user: { id: "user_1", email: "ada@example.com" } }),
      "GET v1/models": ok(catalogue),
      "POST auth/sign-out": ok({}),
      [chat]: streamOf("Hi"),
      ...more,
    };
    const calls = await fakeApi(opened.page, answers);
    await prepare(opened.page);
    await opened.page.goto(`${url()}/dashboard/playground`);
    await opened.page.getByLabel("Message").waitFor();
    const chats = () => calls.filter(({ name }) => name === chat);
    return { ...opened, calls, chats, answers };
  };

  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel("Message").fill(text);
    await page.keyboard.press("Enter");
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
  };

  const chatting = async (answer: string, width = 1280) => {
    const opened = await visit({ [chat]: streamOf(answer) }, { width });
    await say(opened.page, "Hello");
    return opened;
  };

  test("calls by the session, and by a key once one is pasted", async () => {
    const { page, chats, faults } = await chatting("Hi");
    const headers = () => chats().at(-1)?.headers;
    expect(headers()).toMatchObject({ "x-concurred-page": "1" });
    expect(headers()).not.toHaveProperty("authorization");
    await payInPlayground(page, "no key");
    await page.getByLabel("Message").fill("And now?");
    await page.keyboard.press("Enter");
    await page.getByText("Correct the API key first").waitFor();
    await page.getByRole("button", { name: "Settings (1)" }).click();
    await page.getByLabel("API key").fill(chatKey);
    await page.getByRole("button", { name: "Close" }).click();
    await say(page, "And now?");
    expect(headers()).toMatchObject({ authorization: `Bearer ${chatKey}` });
    expect(headers()).not.toHaveProperty("x-concurred-page");
    expect(faults).toEqual([]);
  });

  test("leads to sign-in when the session has ended", async () => {
    const { page, answers } = await chatting("Hi");
    answers[chat] = failed(401, "UNAUTHORIZED", "Sign in to the dashboard first.");
    await page.getByLabel("Message").fill("And now?");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  test("renders Markdown, colors code and copies it, with the price and time of the turn", async () => {
    const { page, faults } = await chatting(markdown);
    const answer = page.locator(".turn.assistant .markdown");
    expect(await answer.getByRole("heading", { name: "Title" }).count()).toBe(1);
    expect(await answer.getByRole("listitem").allTextContents()).toEqual(["one", "two"]);
    expect(await answer.getByRole("cell").allTextContents()).toEqual(["1", "2"]);
    await answer.locator(".code-keyword", { hasText: "const" }).waitFor();
    expect(await answer.locator("pre").textContent()).toBe("const a: number = 1 < 2 ? 1 : 0;");
    await answer.locator("figcaption").getByRole("button", { name: "Copy" }).click();
    await answer.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("const a: number = 1 < 2 ? 1 : 0;");
    expect(await page.locator(".turn-facts").textContent()).toMatch(
      /^gpt-5\.2 · by openai · 1,000 in, 500 out · about \$0\.00875 · first text after .+ · .+ in all$/,
    );
    await lookAt(page, "playground-answer");
    expect(faults).toEqual([]);
  });

  test("runs nothing and loads nothing that an answer names, and asks before it follows a link", async () => {
    const { page, faults } = await chatting(
      '<img src=x onerror="document.title=1"> <script>document.title=2</script>\n\n![chart](https://evil.example/a.png) [go](javascript:document.title=3) [site](https://example.com/)\n\n```html\n<img src=x onerror="document.title=4">\n```',
    );
    const answer = page.locator(".turn.assistant .markdown");
    await answer.locator(".code-name, .code-tag").first().waitFor();
    expect(await answer.locator("img, script").count()).toBe(0);
    expect(await answer.textContent()).toContain('<img src=x onerror="document.title=1">');
    expect(await answer.locator("pre").textContent()).toBe('<img src=x onerror="document.title=4">');
    expect(
      await answer.getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href"))),
    ).toEqual(["https://evil.example/a.png", "https://example.com/"]);
    expect(await page.title()).toBe("Playground · Concurred");
    const questions: string[] = [];
    page.on("dialog", (dialog) => {
      questions.push(dialog.message());
      void dialog.dismiss();
    });
    await page.getByRole("link", { name: "site" }).click();
    expect(questions.join()).toContain("https://example.com/");
    expect(page.context().pages()).toHaveLength(1);
    expect(faults).toEqual([]);
  });

  test("finds models by words, with price, context and abilities, by keyboard alone", async () => {
    const { page, chats } = await visit();
    await page.getByRole("button", { name: "Model: gpt", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("tools claude-haiku");
    const options = page.getByRole("option");
    await expect.poll(() => options.count()).toBe(1);
    expect(await options.textContent()).toContain("context · tools");
    await lookAt(page, "playground-models");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("gpt-5.2");
    await page.getByRole("option", { name: "$1.75 in, $14 out per million" }).first().waitFor();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("my-own/model");
    await page.getByRole("option", { name: "Use this id, which is not listed" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Model: my-own/model" }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Model: my-own/model");
    await say(page, "Hello");
    expect(chats()[0]?.body).toMatchObject({ model: "my-own/model" });
  });

  test("edits and repeats as branches, and steps between them", async () => {
    let count = 0;
    const { page, chats } = await visit({
      [chat]: () => {
        count += 1;
        return streamOf(`Answer ${count}`);
      },
    });
    const complete = () => page.getByText("The answer is complete.").waitFor({ state: "attached" });
    const texts = () => page.locator(".turn-text, .turn .markdown").allTextContents();
    await say(page, "First");
    await page.getByRole("button", { name: "Regenerate" }).click();
    await page.getByText("Answer 2").waitFor();
    await complete();
    expect(await texts()).toEqual(["First", "Answer 2"]);
    expect(chats()[1]?.body).toEqual(chats()[0]?.body);
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Changed message").fill("Changed");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Changed message").fill("Changed");
    await page.getByRole("button", { name: "Send as a new version" }).click();
    await page.getByText("Answer 3").waitFor();
    await complete();
    expect(await texts()).toEqual(["Changed", "Answer 3"]);
    expect(chats()[2]?.body).toMatchObject({ messages: [{ role: "user", content: "Changed" }] });
    await page.getByRole("button", { name: "Previous version" }).first().click();
    expect(await texts()).toEqual(["First", "Answer 2"]);
    await page.getByRole("button", { name: "Previous version" }).last().click();
    expect(await texts()).toEqual(["First", "Answer 1"]);
    expect(await page.getByText("1 of 2").count()).toBe(2);
    await say(page, "Next");
    expect(chats()[3]?.body).toMatchObject({
      messages: [{ content: "First" }, { content: "Answer 1" }, { content: "Next" }],
    });
  });

  test("compares two models side by side, and each goes on with its own answers", async () => {
    const { page, chats, faults } = await visit({
      [chat]: ({ body }) => streamOf(`By ${(body as { model: string }).model}`),
    });
    await say(page, "Hello");
    await page.getByRole("button", { name: "Compare" }).click();
    await pickModel(page, "claude-haiku-4-5-20251001", "Model 2");
    await say(page, "And you?");
    const asked = chats()
      .slice(1)
      .map(({ body }) => body as { model: string; messages: { content: string }[] });
    expect(asked.map(({ model }) => model).sort()).toEqual(["claude-haiku-4-5-20251001", "gpt"]);
    await say(page, "Go on");
    expect(await page.getByLabel("Conversation 2").locator(".markdown").allTextContents()).toEqual([
      "By gpt",
      "By claude-haiku-4-5-20251001",
      "By claude-haiku-4-5-20251001",
    ]);
    await lookAt(page, "playground-compare");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "End comparison" }).click();
    expect(await page.getByLabel("Conversation", { exact: true }).locator(".markdown").count()).toBe(3);
    expect(faults).toEqual([]);
  });

  test("sends system prompt, parameters and tools, shows tool calls, and sends what the tools return", async () => {
    const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
    const call = (piece: object) => ({ choices: [{ delta: { tool_calls: [{ index: 0, ...piece }] } }] });
    const { page, chats, answers, faults } = await visit({
      [chat]: {
        ...streamOf(""),
        text: frames(
          call({ id: "call_1", function: { name: "weather", arguments: '{"city":' } }),
          call({ function: { arguments: '"Köln"}' } }),
          { choices: [{ delta: {}, finish_reason: "tool_calls" }] },
        ),
      },
    });
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("System prompt").fill("Be brief.");
    await page.getByLabel("Temperature").fill("0.2");
    await page.getByLabel("Top P").fill("0.9");
    await page.getByLabel("Max tokens").fill("100");
    await page.getByLabel("Tools").fill("[{");
    await page.getByText("Tools are not valid JSON").waitFor();
    await lookAt(page, "playground-settings");
    await page.getByLabel("Tools").fill(JSON.stringify(tools));
    await page.keyboard.press("Escape");
    await say(page, "Weather in Köln?");
    expect(chats()[0]?.body).toMatchObject({
      messages: [{ role: "system", content: "Be brief." }, { role: "user" }],
      temperature: 0.2,
      top_p: 0.9,
      max_tokens: 100,
      tools,
    });
    await page.getByText("Calls weather").waitFor();
    expect(await page.locator(".tool-call pre").textContent()).toBe('{\n  "city": "Köln"\n}');
    await page.getByLabel("Message").fill("Too early");
    await page.keyboard.press("Enter");
    await page.getByText("Send the results of the tool calls first.").waitFor();
    await page.getByLabel("Result of weather").fill('{"celsius": 21}');
    await lookAt(page, "playground-tools");
    answers[chat] = streamOf("21 degrees");
    await page.getByRole("button", { name: "Send results" }).click();
    await page.getByText("21 degrees").waitFor();
    expect(chats()[1]?.body).toMatchObject({
      messages: [
        { role: "system" },
        { role: "user" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Köln"}' } }],
        },
        { role: "tool", tool_call_id: "call_1", content: '{"celsius": 21}' },
      ],
    });
    expect(faults).toEqual([]);
  });

  test("takes pasted images, small enough to send, and shows them with the message", async () => {
    const { page, chats, faults } = await visit();
    await page.getByLabel("Message").evaluate(async (field) => {
      const canvas = new OffscreenCanvas(3_000, 1_000);
      canvas.getContext("2d")?.fillRect(0, 0, 10, 10);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob()], "shot.png", { type: "image/png" }));
      field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    await page.getByRole("button", { name: "Remove image 1" }).waitFor();
    await say(page, "What is this?");
    const body = chats()[0]?.body as
      | { readonly messages: readonly { readonly content: readonly Part[] }[] }
      | undefined;
    const message = body?.messages[0];
    expect(message?.content).toMatchObject([{ type: "image_url" }, { type: "text", text: "What is this?" }]);
    expect(message?.content[0]?.image_url?.url).toMatch(/^data:image\/jpeg;base64,/);
    const image = page.getByLabel("Images of this message").getByRole("img");
    await expect
      .poll(() =>
        image.evaluate((node) => [(node as HTMLImageElement).naturalWidth, (node as HTMLImageElement).naturalHeight]),
      )
      .toEqual([1_568, 523]);
    expect(await page.getByRole("button", { name: "Remove image 1" }).count()).toBe(0);
    await lookAt(page, "playground-image");
    expect(faults).toEqual([]);
  });

  test("writes this call for curl, Python and TypeScript, with the key in a variable", async () => {
    const { page, faults } = await visit({ [chat]: streamOf("It's fine") });
    await payInPlayground(page, chatKey);
    await say(page, "It's a test");
    await page.getByRole("button", { name: "This call" }).click();
    const code = async (language: string): Promise<string> => {
      await page.getByRole("button", { name: language, exact: true }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Copy", exact: true }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      const text = await page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole("dialog").getByRole("button", { name: "Copy", exact: true }).waitFor();
      return text;
    };
    const curl = await code("curl");
    expect(curl).toContain('-H "Authorization: Bearer $CK_KEY"');
    expect(curl).toContain(`curl -N ${url()}/api/v1/chat/completions`);
    expect(curl).toContain(`"content": "It'\\''s a test"`);
    // The answer is what the call brings.
    expect(curl).not.toContain("fine");
    const python = await code("Python");
    expect(python).toContain('api_key=os.environ["CK_KEY"]');
    expect(python).toContain("stream=True");
    const typescript = await code("TypeScript");
    expect(typescript).toContain("apiKey: process.env.CK_KEY");
    for (const text of [curl, python, typescript]) expect(text).not.toContain(chatKey);
    await page.locator(".code .code-keyword").first().waitFor();
    await lookAt(page, "playground-call");
    expect(faults).toEqual([]);
  });

  test("keeps conversations over a reload, without the key, and finds, exports and deletes them", async () => {
    const { page, chats, faults } = await chatting("**Bold** answer");
    await pickModel(page, "gpt-5.2");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("System prompt").fill("Be brief.");
    await page.keyboard.press("Escape");
    await payInPlayground(page, chatKey);
    await page.reload();
    await page.locator(".turn.assistant strong", { hasText: "Bold" }).waitFor();
    expect(await page.locator(".turn.user").textContent()).toContain("Hello");
    expect(await page.locator(".turn-facts").textContent()).toContain("1,000 in, 500 out");
    await page.getByRole("button", { name: "Settings (1)" }).waitFor();
    await say(page, "And now?");
    expect(chats().at(-1)?.body).toMatchObject({
      model: "gpt-5.2",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "**Bold** answer" },
        { role: "user", content: "And now?" },
      ],
    });
    expect(chats().at(-1)?.headers).not.toHaveProperty("authorization");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByText("The conversation appears here.").waitFor();
    await say(page, "A question about sailing");
    await page.getByRole("button", { name: "Conversations" }).click();
    const entries = page.getByRole("dialog").getByRole("listitem");
    await expect.poll(() => entries.count()).toBe(2);
    await lookAt(page, "playground-history");
    await page.getByLabel("Search").fill("sailing");
    await expect.poll(() => entries.count()).toBe(1);
    const exporting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export these as JSON" }).click();
    const text = await readFile(await (await exporting).path(), "utf8");
    expect(JSON.parse(text).conversations).toMatchObject([{ title: "A question about sailing" }]);
    expect(text).not.toContain(chatKey);
    await page.getByRole("button", { name: "Delete A question about sailing" }).click();
    await page.getByText("No conversation has all of these words.").waitFor();
    await page.getByLabel("Search").fill("");
    await page.getByRole("button", { name: /^Hello/ }).click();
    await page.locator(".turn.assistant strong", { hasText: "Bold" }).first().waitFor();
    expect(await page.locator(".turn").count()).toBe(4);
    expect(faults).toEqual([]);
  });

  const signInAs = async (page: Page, answers: Record<string, Answers[string]>, id: string): Promise<void> => {
    answers["POST auth/sign-in"] = ok({ user: { id, email: `${id}@example.com` } });
    answers["GET auth/session"] = answers["POST auth/sign-in"];
    await page.getByLabel("Email").fill(`${id}@example.com`);
    await page.getByLabel("Password").fill("correct horse battery");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("link", { name: "Playground", exact: true }).click();
    await page.getByLabel("Message").waitFor();
  };

  const conversations = async (page: Page): Promise<readonly string[]> => {
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByText("Conversations are kept in this browser only").waitFor();
    await page.getByLabel("Loading conversations").waitFor({ state: "detached" });
    const titles = await page.locator(".history-title").allTextContents();
    await page.keyboard.press("Escape");
    return titles;
  };

  test("never shows a user's conversations, settings or key to another user of the browser", async () => {
    const { page, answers } = await chatting("For Ada only");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("System prompt").fill("Ada's secret plan");
    await page.keyboard.press("Escape");
    await payInPlayground(page, chatKey);
    await page.getByRole("button", { name: "Sign out" }).click();
    await signInAs(page, answers, "user_2");
    await page.getByText("The conversation appears here.").waitFor();
    expect(await conversations(page)).toEqual([]);
    await page.getByRole("button", { name: "Settings", exact: true }).click();
    expect(await page.getByLabel("System prompt").inputValue()).toBe("");
    await page.getByText("Runs on your session").waitFor();
    await page.keyboard.press("Escape");
    await say(page, "For Bob");
    expect(await conversations(page)).toEqual(["For Bob"]);
    // A cookie can change without a sign-out: the reload is another user's.
    answers["GET auth/session"] = ok({ user: { id: "user_1", email: "ada@example.com" } });
    await page.reload();
    await page.getByText("The conversation appears here.").waitFor();
    expect(await conversations(page)).toEqual(["Hello"]);
  });

  test("signs out in every tab at once, so no other tab keeps again what was cleared", async () => {
    const { page, context, answers } = await chatting("For Ada only");
    const other = await context.newPage();
    await fakeApi(other, answers);
    await other.goto(`${url()}/dashboard/playground`);
    await other.getByLabel("Message").waitFor();
    await say(other, "In the other tab");
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByLabel("Clear everything kept here when I sign out").check();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Sign out" }).click();
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.close({ runBeforeUnload: true });
    await signInAs(page, answers, "user_1");
    expect(await conversations(page)).toEqual([]);
  });

  test("clears at sign-out what one user asked to have cleared, and nothing of another", async () => {
    const { page, answers } = await chatting("For Ada only");
    // What an earlier version of the page kept in the tab goes in any case, as it did then.
    await page.evaluate(() => sessionStorage.setItem("concurred-playground:user_1", "{}"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
    await signInAs(page, answers, "user_2");
    await say(page, "For Bob");
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByLabel("Clear everything kept here when I sign out").check();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Sign out" }).click();
    await signInAs(page, answers, "user_2");
    expect(await conversations(page)).toEqual([]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await signInAs(page, answers, "user_1");
    expect(await conversations(page)).toEqual(["Hello"]);
  });

  test.each([
    [
      "unavailable",
      () => {
        Object.defineProperty(globalThis, "indexedDB", { value: undefined, configurable: true });
      },
      "This browser does not let the page keep anything",
    ],
    [
      "full",
      () => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException("Full", "QuotaExceededError");
        };
      },
      "This browser's storage is full",
    ],
  ] as const)("says that nothing is kept where the browser's store is %s, and works", async (name, damage, words) => {
    const { page, faults } = await visit({}, { prepare: (tab) => tab.addInitScript(damage) });
    await say(page, "Hello");
    await page.getByText(words).waitFor();
    expect(await page.locator(".turn").count()).toBe(2);
    await say(page, "Again");
    expect(await page.locator(".turn").count()).toBe(4);
    await lookAt(page, `playground-store-${name}`);
    expect(faults).toEqual([]);
  });

  test("is used by keyboard alone: send, copy, edit, step between versions, compare, settings, an older conversation", async () => {
    const { page, chats, faults } = await visit();
    const button = (name: string | RegExp) => page.getByRole("button", { name });
    await typeInto(page, page.getByLabel("Message"), "First");
    await page.keyboard.press("Enter");
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
    await pressOn(page, button("Copy").last());
    await button("Copied").waitFor();
    await pressOn(page, button("Edit"));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Changed");
    await pressOn(page, button("Send as a new version"));
    await expect.poll(() => chats().length).toBe(2);
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
    await pressOn(page, button("Previous version"));
    expect(await page.locator(".turn-text").allTextContents()).toEqual(["First"]);
    await pressOn(page, button("Compare"));
    await pressOn(page, button("End comparison"));
    await pressOn(page, button("Settings"));
    await typeInto(page, page.getByLabel("System prompt"), "Be brief.");
    await page.keyboard.press("Escape");
    // A dialog gives the focus back to what opened it.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Settings (1)");
    await pressOn(page, button("New conversation"));
    await page.getByText("The conversation appears here.").waitFor();
    await pressOn(page, button("Conversations"));
    await pressOn(page, page.getByRole("dialog").getByRole("button", { name: /^First/ }));
    await page.locator(".turn-text", { hasText: "First" }).waitFor();
    expect(faults).toEqual([]);
  });

  test.each([390, 1440])(
    "keeps the composer in sight at %i pixels while a long answer scrolls in its frame",
    async (width) => {
      const { page } = await chatting(Array.from({ length: 80 }, (_, line) => `Line ${line}`).join("\n\n"), width);
      const frame = page.getByLabel("Conversation", { exact: true });
      // It has followed the end of the answer.
      await expect
        .poll(() => frame.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight))
        .toBeLessThan(2);
      await page.locator(".turn").first().scrollIntoViewIfNeeded();
      for (const control of [page.getByLabel("Message"), page.getByRole("button", { name: "Send" })]) {
        const box = await control.boundingBox();
        expect(box).not.toBeNull();
        expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(800);
      }
      expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(800);
    },
  );
});
