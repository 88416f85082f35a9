import type { ChatRequest } from "../../api/chat.ts";

/** "This call" as code: the key comes from the variable CK_KEY, so that nothing secret is copied. */

export const languages = ["curl", "Python", "TypeScript"] as const;
export type Language = (typeof languages)[number];

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const toCurl = (body: ChatRequest, baseUrl: string): string =>
  [
    `curl -N ${baseUrl}/chat/completions`,
    // Double quotes: the shell puts the key in.
    '-H "Authorization: Bearer $CK_KEY"',
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join(" \\\n  ");

/** JSON as a Python literal: the three words differ, and strings are the same. */
const toPython = (value: unknown, depth: string): string => {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  const inner = `${depth}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((each) => `${inner}${toPython(each, inner)},\n`).join("")}${depth}]`;
  }
  if (typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    if (members.length === 0) return "{}";
    const lines = members.map(([name, member]) => `${inner}${JSON.stringify(name)}: ${toPython(member, inner)},\n`);
    return `{\n${lines.join("")}${depth}}`;
  }
  return JSON.stringify(value);
};

const pythonCall = (body: ChatRequest, baseUrl: string): string => {
  const members = Object.entries(body).map(([name, value]) => `    ${name}=${toPython(value, "    ")},\n`);
  return `import os
from openai import OpenAI

client = OpenAI(base_url="${baseUrl}", api_key=os.environ["CK_KEY"])
stream = client.chat.completions.create(
${members.join("")})
for chunk in stream:
    if chunk.choices and chunk.choices[0].delta.content:
        print(chunk.choices[0].delta.content, end="", flush=True)
`;
};

const typescriptCall = (body: ChatRequest, baseUrl: string): string => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${baseUrl}", apiKey: process.env.CK_KEY });
const stream = await client.chat.completions.create(${JSON.stringify(body, null, 2)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
`;

const writers = { curl: toCurl, Python: pythonCall, TypeScript: typescriptCall } as const;

export const toCode = (language: Language, body: ChatRequest, baseUrl: string): string =>
  writers[language](body, baseUrl);

/** Images are long: what is shown has their start only. */
export const shortened = (code: string): string =>
  code.replaceAll(/(data:image\/\w+;base64,[\w+/=]{24})[\w+/=]{40,}/g, "$1…");
