import { describe, expect, it } from "vitest";
import { fileTask, taskCall } from "#infra/local/providers/agent-tasks.ts";
import { type Conversation, folderIn, type OfferedTool } from "#infra/local/providers/conversation.ts";

const conversation = (tools: readonly OfferedTool[], steps = 0): Conversation => ({
  model: "gpt",
  lastUserText: "",
  imageCount: 0,
  toolResults: [],
  steps,
  folder: "/home/ada",
  tools,
  toolChoice: "auto",
  parallelToolCalls: true,
  jsonSchema: undefined,
  promptCharacters: 0,
  maxOutputTokens: undefined,
  stopSequences: [],
  reasons: false,
});

const tool = (name: string, properties: object, required: readonly string[] = []): OfferedTool => ({
  name,
  schema: { type: "object", properties, required },
});
const text = { type: "string" };
const question = "Write a file notes/hello.txt with the word hello and read it back";

describe("what an agent is asked", () => {
  it.each([
    [question, { file: "notes/hello.txt", text: "hello", readsBack: true }],
    ["Create the file a.md containing 'two words'.", { file: "a.md", text: "two words", readsBack: false }],
    ['<env>cwd</env> Please write to file x.json: "1"', { file: "x.json", text: "1", readsBack: false }],
    ["What is the weather in Bern?", undefined],
    ["Read the file a.txt", undefined],
  ])("%s", (asked, task) => {
    expect(fileTask(asked)).toEqual(task);
  });
});

describe("a simulated model that is asked to write a file", () => {
  it.each<[string, OfferedTool, OfferedTool, object, object]>([
    [
      "opencode",
      tool("write", { content: text, filePath: text }, ["content", "filePath"]),
      tool("read", { filePath: text, offset: { type: "number" } }, ["filePath"]),
      { filePath: "notes/hello.txt", content: "hello\n" },
      { filePath: "notes/hello.txt" },
    ],
    [
      "Claude Code",
      tool("Write", { file_path: text, content: text }),
      tool("Read", { file_path: text }),
      { file_path: "notes/hello.txt", content: "hello\n" },
      { file_path: "notes/hello.txt" },
    ],
    [
      "Qwen Code",
      tool("write_file", { file_path: text, content: text }),
      tool("read_file", { file_path: text }),
      { file_path: "notes/hello.txt", content: "hello\n" },
      { file_path: "notes/hello.txt" },
    ],
    [
      "Codex",
      tool("exec_command", { cmd: text, login: { type: "boolean" } }, ["cmd"]),
      tool("view_image", { path: text }),
      { cmd: String.raw`printf '%s\n' 'hello' > 'notes/hello.txt'` },
      { cmd: "cat 'notes/hello.txt'" },
    ],
    [
      "a shell that takes a list, and more that it requires",
      tool("shell", { command: { type: "array" }, reason: text }, ["command", "reason"]),
      tool("plan", {}),
      { command: ["bash", "-lc", String.raw`printf '%s\n' 'hello' > 'notes/hello.txt'`], reason: "reason" },
      { command: ["bash", "-lc", "cat 'notes/hello.txt'"], reason: "reason" },
    ],
  ])("calls the tools of %s, and then answers", (_, writer, reader, written, read) => {
    const argumentsAt = (steps: number): unknown =>
      JSON.parse(taskCall(conversation([reader, writer], steps), question)?.arguments ?? "null");
    expect([0, 1, 2].map(argumentsAt)).toEqual([written, read, null]);
  });

  it("patches where there is a custom tool for that", () => {
    const patch: OfferedTool = { name: "apply_patch", schema: {}, custom: true };
    expect(taskCall(conversation([patch]), question)?.arguments).toBe(
      "*** Begin Patch\n*** Add File: notes/hello.txt\n+hello\n*** End Patch",
    );
  });

  it("names an absolute path where the tool says that it wants one", () => {
    const path = { type: "string", description: "The absolute path of the file" };
    const writer = tool("write_file", { file_path: path, content: text });
    expect(taskCall(conversation([writer]), question)?.arguments).toContain("/home/ada/notes/hello.txt");
  });

  it.each([
    ["<environment_context><cwd>/a/b</cwd>", "/a/b"],
    ["My current working directory is: /a/b-c.\nMore", "/a/b-c"],
    ["Keep to your working directory. I'm currently working in the directory: /a/b", "/a/b"],
    ["Nothing of that kind: /a/b", undefined],
  ])("knows its folder from %j", (stated, folder) => {
    expect(folderIn([{ content: [{ text: stated }] }])).toBe(folder);
  });

  it("calls nothing that does not fit", () => {
    expect(taskCall(conversation([tool("write_stdin", { chars: text })]), question)).toBeUndefined();
    expect(
      taskCall({ ...conversation([tool("Write", { file_path: text, content: text })]), toolChoice: "none" }, question),
    ).toBeUndefined();
  });
});
