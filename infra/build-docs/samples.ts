/** One request in curl, Python and TypeScript. `ORIGIN` is the gateway's address and `CK_KEY` an API key, as in the guides. */

export interface SampleRequest {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** An API key, the session's cookie, or nothing. */
  readonly credentials: "key" | "session" | "none";
}

export interface Sample {
  readonly name: string;
  readonly code: string;
}

const json = (value: unknown): string => JSON.stringify(value, undefined, 2);

/** A JSON value as a Python literal. */
const python = (value: unknown, indent: string): string => {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  const inner = `${indent}    `;
  if (Array.isArray(value)) return `[${value.map((each) => python(each, indent)).join(", ")}]`;
  if (typeof value === "object") {
    const fields = Object.entries(value).map(
      ([name, each]) => `${inner}${JSON.stringify(name)}: ${python(each, inner)},`,
    );
    return `{\n${fields.join("\n")}\n${indent}}`;
  }
  return JSON.stringify(value);
};

/** Indents all lines but the first. */
const hang = (text: string, indent: string): string => text.replaceAll("\n", `\n${indent}`);

const curl = ({ method, path, body, credentials }: SampleRequest): string =>
  [
    `curl ${method === "GET" ? "" : method === "POST" && body !== undefined ? "" : `-X ${method} `}"$ORIGIN${path}"`,
    ...(credentials === "key" ? ['-H "Authorization: Bearer $CK_KEY"'] : []),
    ...(credentials === "session" ? ["-b cookies.txt"] : []),
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`]),
    ...(method !== "GET" && method !== "POST" && body !== undefined ? [`-X ${method}`] : []),
  ].join(" \\\n  ");

/** Methods of OpenAI's SDKs, which take the body as it is. */
const openAiMethods: Readonly<Record<string, string>> = {
  postChatCompletions: "chat.completions.create",
  postResponses: "responses.create",
  postEmbeddings: "embeddings.create",
};

const openAiPython = (method: string, body: object): string => {
  const fields = Object.entries(body).map(([name, value]) => `    ${name}=${python(value, "    ")},`);
  return `import os
from openai import OpenAI

client = OpenAI(base_url=os.environ["ORIGIN"] + "/api/v1", api_key=os.environ["CK_KEY"])
answer = client.${method}(
${fields.join("\n")}
)
print(answer)`;
};

const openAiTypeScript = (method: string, body: object): string => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: \`\${process.env.ORIGIN}/api/v1\`, apiKey: process.env.CK_KEY });
const answer = await client.${method}(${json(body)});
console.log(answer);`;

const anyPython = ({ method, path, body, credentials }: SampleRequest): string => {
  const session = credentials === "session";
  const fields = [
    `    os.environ["ORIGIN"] + ${JSON.stringify(path)},`,
    ...(credentials === "key" ? [`    headers={"Authorization": "Bearer " + os.environ["CK_KEY"]},`] : []),
    ...(body === undefined ? [] : [`    json=${python(body, "    ")},`]),
  ];
  return `import os
import requests

${session ? "session = requests.Session()  # signed in by POST /api/auth/sign-in\n" : ""}answer = ${session ? "session" : "requests"}.${method.toLowerCase()}(
${fields.join("\n")}
)
print(answer.status_code, answer.text)`;
};

const anyTypeScript = ({ method, path, body, credentials }: SampleRequest): string => {
  const headers = [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the sample's own.
    ...(credentials === "key" ? ["    Authorization: `Bearer ${process.env.CK_KEY}`,"] : []),
    ...(credentials === "session" ? ["    Cookie: cookie, // from POST /api/auth/sign-in"] : []),
    ...(body === undefined ? [] : ['    "Content-Type": "application/json",']),
  ];
  const options = [
    ...(method === "GET" ? [] : [`  method: "${method}",`]),
    ...(headers.length === 0 ? [] : [`  headers: {\n${headers.join("\n")}\n  },`]),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${hang(json(body), "  ")}),`]),
  ];
  const call = options.length === 0 ? "" : `, {\n${options.join("\n")}\n}`;
  return `const answer = await fetch(\`\${process.env.ORIGIN}${path}\`${call});
console.log(answer.status, await answer.text());`;
};

export const samplesOf = (request: SampleRequest): readonly Sample[] => {
  const { operationId, body } = request;
  const method = openAiMethods[operationId];
  const withSdk = method !== undefined && typeof body === "object" && body !== null;
  return [
    { name: "curl", code: curl(request) },
    { name: "Python", code: withSdk ? openAiPython(method, body) : anyPython(request) },
    { name: "TypeScript", code: withSdk ? openAiTypeScript(method, body) : anyTypeScript(request) },
  ];
};
