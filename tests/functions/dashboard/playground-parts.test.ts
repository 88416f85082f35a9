import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { ChatRequest } from "#functions/dashboard/page/src/api/chat.ts";
import { shortened, toCode } from "#functions/dashboard/page/src/pages/playground/call-code.ts";
import { readTools, withToolDelta } from "#functions/dashboard/page/src/pages/playground/tool-calls.ts";
import {
  alternativesOf,
  messagesOf,
  newestLeaf,
  pathTo,
  type Turn,
} from "#functions/dashboard/page/src/pages/playground/turns.ts";

/** The Playground's pure parts. */

const body: ChatRequest = {
  model: "gpt",
  messages: [{ role: "user", content: 'It\'s "quoted" $HOME `id` \\ and\nmore' }],
  temperature: 0.2,
  tools: [{ type: "function", function: { name: "x", strict: true, parameters: { nothing: null, list: [] } } }],
  stream: true,
  stream_options: { include_usage: true },
};
const baseUrl = "https://gateway.example/prod/api/v1";

const works = (command: string, ...input: readonly string[]): boolean => {
  try {
    execFileSync(command, [...input], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

describe("this call as code", () => {
  test("reaches curl through a shell unchanged, with the key from CK_KEY", () => {
    const script = `curl() { printf '%s\\0' "$@"; }\n${toCode("curl", body, baseUrl)}`;
    const passed = execFileSync("sh", ["-c", script], {
      env: { ...process.env, CK_KEY: "ck_from_env" },
      encoding: "utf8",
    });
    const [, address, , key, , , , json = ""] = passed.split("\0");
    expect(address).toBe(`${baseUrl}/chat/completions`);
    expect(key).toBe("Authorization: Bearer ck_from_env");
    expect(JSON.parse(json)).toEqual(body);
  });

  test.skipIf(!works("python3", "-c", ""))("is Python that means the same", () => {
    const source = toCode("Python", body, baseUrl);
    const read = `
import ast, json, sys
call = next(node for node in ast.walk(ast.parse(sys.stdin.read())) if isinstance(node, ast.Call) and node.keywords and node.keywords[0].arg == "model")
print(json.dumps({each.arg: ast.literal_eval(each.value) for each in call.keywords}))`;
    const found = execFileSync("python3", ["-c", read], { input: source, encoding: "utf8" });
    expect(JSON.parse(found)).toEqual(body);
    expect(source).toContain('os.environ["CK_KEY"]');
  });

  test("shows the start of an image only", () => {
    const url = `data:image/jpeg;base64,${"A".repeat(5_000)}`;
    expect(shortened(`"${url}"`)).toBe(`"data:image/jpeg;base64,${"A".repeat(24)}…"`);
  });
});

describe("tools", () => {
  test("are an array of JSON, or nothing", () => {
    expect(readTools("  ")).toEqual({ tools: [] });
    expect(readTools("[1]")).toEqual({ tools: [1] });
    expect(readTools("{}").problem).toMatch(/array/);
    expect(readTools("[").problem).toMatch(/not valid JSON/);
  });

  test("are called in pieces, several at once", () => {
    const pieces = [
      { index: 0, id: "a", function: { name: "one", arguments: "" } },
      { index: 1, id: "b", function: { name: "two", arguments: "{" } },
      { index: 0, function: { arguments: "{}" } },
      { index: 1, function: { arguments: "}" } },
    ];
    expect(pieces.reduce(withToolDelta, [])).toEqual([
      { id: "a", type: "function", function: { name: "one", arguments: "{}" } },
      { id: "b", type: "function", function: { name: "two", arguments: "{}" } },
    ]);
  });
});

describe("a conversation's branches", () => {
  const turn = (id: number, parent: number | null, role: Turn["role"], content: string): Turn => ({
    id,
    parent,
    role,
    content,
  });
  const turns = [
    turn(1, null, "user", "First"),
    turn(2, 1, "assistant", "One"),
    turn(3, 1, "assistant", "Two"),
    turn(4, null, "user", "Changed"),
    turn(5, 2, "user", "After one"),
  ];
  const ids = (path: readonly Turn[]) => path.map(({ id }) => id);

  test("are paths from the first turn to a leaf", () => {
    expect(ids(pathTo(turns, 5))).toEqual([1, 2, 5]);
    expect(ids(pathTo(turns, null))).toEqual([]);
  });

  test("stand next to each other, and lead to their newest turn", () => {
    expect(ids(alternativesOf(turns, turn(1, null, "user", "")))).toEqual([1, 4]);
    expect(ids(alternativesOf(turns, turn(3, 1, "assistant", "")))).toEqual([2, 3]);
    expect(newestLeaf(turns, 1)).toBe(3);
    expect(newestLeaf(turns, 2)).toBe(5);
  });

  test("become messages without what said nothing", () => {
    expect(messagesOf([turn(1, null, "user", "Hi"), turn(2, 1, "assistant", ""), turn(3, 2, "user", "So?")])).toEqual([
      { role: "user", content: "Hi" },
      { role: "user", content: "So?" },
    ]);
  });
});
