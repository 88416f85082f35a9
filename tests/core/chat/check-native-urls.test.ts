import { describe, expect, it } from "vitest";
import { checkNativeUrls } from "#core/chat/check-native-urls.ts";

const inside = "http://169.254.169.254/latest/meta-data";
const document = { type: "document", source: { type: "url", url: inside } };
const image = { type: "input_image", image_url: inside };

describe("a URL that leads to a private network", () => {
  it.each<[string, Record<string, unknown>]>([
    ["messages[0].content[0].source.url", { messages: [{ role: "user", content: [document] }] }],
    [
      "messages[1].content[0].content[0].source.url",
      { messages: [{}, { content: [{ type: "tool_result", content: [document] }] }] },
    ],
    [
      "messages[0].content[0].source.content[0].source.url",
      { messages: [{ content: [{ type: "document", source: { type: "content", content: [document] } }] }] },
    ],
    ["input[0].content[1].image_url", { input: [{ role: "user", content: [{}, image] }] }],
    [
      "input[0].content[0].file_url",
      { input: [{ content: [{ type: "input_file", file_url: "https://10.0.0.1/a.pdf" }] }] },
    ],
    ["input[0].output[0].image_url", { input: [{ type: "function_call_output", output: [image] }] }],
    ["mcp_servers[0].url", { mcp_servers: [{ type: "url", url: "https://localhost/mcp" }] }],
    ["mcp_servers[1].url", { mcp_servers: [{}, { type: "url", url: "http://mcp.example.com" }] }],
    ["tools[0].server_url", { tools: [{ type: "mcp", server_url: "https://[::1]/mcp" }] }],
    ["tools[0].server_url", { tools: [{ type: "mcp", server_url: "https://user:pass@mcp.example.com/" }] }],
  ])("at %s is refused", (param, body) => {
    expect(() => checkNativeUrls(body)).toThrow(expect.objectContaining({ code: "BAD_REQUEST", param }));
  });

  it("may stand in what nobody fetches, and public ones anywhere", () => {
    const use = { type: "tool_use", name: "open", input: { url: inside, image_url: inside } };
    const call = { type: "function_call", name: "open", arguments: JSON.stringify({ url: inside }) };
    const tool = { name: "open", input_schema: { properties: { url: { default: inside } } } };
    const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
    checkNativeUrls({ messages: [{ content: [use, picture] }, { content: inside }], tools: [tool] });
    checkNativeUrls({ input: [call, { content: [{ image_url: "data:image/png;base64,AAAA" }] }] });
    checkNativeUrls({ mcp_servers: [{ url: "https://mcp.example.com/sse" }], messages: null, input: "text", tools: 1 });
  });
});
