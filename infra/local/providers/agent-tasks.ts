import type { Conversation, OfferedTool } from "./conversation.ts";
import { objectOf, stringOf } from "./json.ts";

/**
 * What a coding agent is asked to do with a file, and the call of one of its own tools that does it: an agent on a simulated
 * model writes the file, and reads it back where it is asked to.
 */

export interface FileTask {
  readonly file: string;
  readonly text: string;
  readonly readsBack: boolean;
}

export interface TaskCall {
  readonly tool: OfferedTool;
  /** JSON text; of a custom tool, its input. */
  readonly arguments: string;
}

/** What agents add to the question themselves, in a tag. */
const reminders = /<(system-reminder|environment_context)>[\s\S]*?<\/\1>/g;
const asksToWrite = /\b(?:write|create|make|save)\b[^\n]*?\bfile\b/i;
const fileName = /(?:^|[\s`'"(])([\w./-]*\w\.[a-z]\w{0,9})(?=$|[\s`'"),.:;])/i;
const quoted = /["“`']([^"”`'\n]+)["”`']/;
const described =
  /\b(?:with|containing|saying|that says)\s+(?:the\s+)?(?:word|words|text|content|line|contents)?\s*:?\s*([^\n]+?)(?:\s+(?:and|then)\b|[.,;]|$)/i;

/** The task that a text holds, or undefined. The last one counts: agents put their own texts in front of the question. */
export const fileTask = (asked: string): FileTask | undefined => {
  const text = asked.replace(reminders, " ");
  const start = [...text.matchAll(new RegExp(asksToWrite, "gi"))].at(-1)?.index;
  if (start === undefined) return undefined;
  const task = text.slice(start);
  const named = fileName.exec(task);
  const file = named?.[1];
  if (file === undefined) return undefined;
  const rest = task.replace(file, " ");
  const said = (quoted.exec(rest)?.[1] ?? described.exec(rest)?.[1] ?? "simulated").trim();
  return { file, text: said, readsBack: /\bread\b/i.test(rest) };
};

const propertiesOf = ({ schema }: OfferedTool): readonly string[] => Object.keys(objectOf(schema.properties));

const pathNames = ["file_path", "filePath", "filepath", "path", "filename", "file"];
const textNames = ["content", "contents", "file_text", "text"];

const found = (tool: OfferedTool, names: readonly string[]): string | undefined =>
  names.find((name) => propertiesOf(tool).includes(name));

/** A value for each other member that the tool requires. */
const required = ({ schema }: OfferedTool, given: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const missing = (Array.isArray(schema.required) ? schema.required.map(String) : []).filter(
    (name) => !(name in given),
  );
  const properties = objectOf(schema.properties);
  return Object.fromEntries(
    missing.map((name) => {
      const { type, enum: choices } = objectOf(properties[name]);
      if (Array.isArray(choices) && choices.length > 0) return [name, choices[0]];
      const values: Readonly<Record<string, unknown>> = {
        string: name,
        number: 1,
        integer: 1,
        boolean: false,
        array: [],
      };
      return [name, values[stringOf(type)] ?? {}];
    }),
  );
};

const called = (tool: OfferedTool, given: Readonly<Record<string, unknown>>): TaskCall => ({
  tool,
  arguments: JSON.stringify({ ...required(tool, given), ...given }),
});

const isWriter = (tool: OfferedTool): boolean =>
  /^(?:write|create)(?:_?file)?$/i.test(tool.name) &&
  found(tool, pathNames) !== undefined &&
  found(tool, textNames) !== undefined;

const isReader = (tool: OfferedTool): boolean =>
  /^(?:read|view)(?:_?file)?$/i.test(tool.name) && found(tool, pathNames) !== undefined;

/** The file as a tool wants to have it: some take absolute paths only, and say so. */
const pathFor = (tool: OfferedTool, file: string, folder: string | undefined): string => {
  const { description } = objectOf(objectOf(tool.schema.properties)[found(tool, pathNames) ?? ""]);
  const isAbsolute = /\babsolute\b/i.test(stringOf(description));
  return isAbsolute && folder !== undefined && !file.startsWith("/") ? `${folder}/${file}` : file;
};

const commandNames = ["cmd", "command", "script"];

const isShell = (tool: OfferedTool): boolean =>
  /shell|exec|bash|terminal|run.*command/i.test(tool.name) && found(tool, commandNames) !== undefined;

const patchOf = ({ file, text }: FileTask): string =>
  ["*** Begin Patch", `*** Add File: ${file}`, ...text.split("\n").map((line) => `+${line}`), "*** End Patch"].join(
    "\n",
  );

const shellCall = (tool: OfferedTool, command: string): TaskCall => {
  const name = found(tool, commandNames) ?? "command";
  const { type } = objectOf(objectOf(tool.schema.properties)[name]);
  return called(tool, { [name]: type === "array" ? ["bash", "-lc", command] : command });
};

const word = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const writeCall = ({ tools, folder }: Conversation, task: FileTask): TaskCall | undefined => {
  const patch = tools.find(({ name, custom }) => custom === true && name === "apply_patch");
  if (patch !== undefined) return { tool: patch, arguments: patchOf(task) };
  const writer = tools.find(isWriter);
  if (writer !== undefined) {
    const [path, text] = [found(writer, pathNames), found(writer, textNames)];
    return called(writer, {
      [path ?? "path"]: pathFor(writer, task.file, folder),
      [text ?? "content"]: `${task.text}\n`,
    });
  }
  const shell = tools.find(isShell);
  return shell === undefined ? undefined : shellCall(shell, `printf '%s\\n' ${word(task.text)} > ${word(task.file)}`);
};

const readCall = ({ tools, folder }: Conversation, { file }: FileTask): TaskCall | undefined => {
  const reader = tools.find(isReader);
  if (reader !== undefined)
    return called(reader, { [found(reader, pathNames) ?? "path"]: pathFor(reader, file, folder) });
  const shell = tools.find(isShell);
  return shell === undefined ? undefined : shellCall(shell, `cat ${word(file)}`);
};

/** The call that comes next in a task, or undefined where it is done or no tool fits. */
export const taskCall = (conversation: Conversation, question: string): TaskCall | undefined => {
  const { tools, toolChoice, steps } = conversation;
  if (toolChoice === "none" || typeof toolChoice === "object" || tools.length === 0) return undefined;
  const task = fileTask(question);
  if (task === undefined) return undefined;
  if (steps === 0) return writeCall(conversation, task);
  return steps === 1 && task.readsBack ? readCall(conversation, task) : undefined;
};
