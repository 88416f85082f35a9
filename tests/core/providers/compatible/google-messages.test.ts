import { describe, expect, test } from "vitest";
import { toGoogleMessages } from "#core/providers/compatible/google-messages.ts";

const opening = { role: "user", content: "(The conversation starts here.)" };
const user = { role: "user", content: "q" };
const call = (id: string, name: string) => ({ id, type: "function", function: { name, arguments: "{}" } });
const calls = (...list: object[]) => ({ role: "assistant", content: null, tool_calls: list });
const result = (id: string, fields = {}) => ({ role: "tool", tool_call_id: id, content: "r", ...fields });

describe("messages with nothing in them", () => {
  test.each([
    ["", { content: "" }],
    ["white space", { content: " \n" }],
    ["null", { content: null }],
    ["no content", {}],
    ["no parts", { content: [] }],
    ["an empty part", { content: [{ type: "text", text: "" }] }],
    ["no calls", { content: "", tool_calls: [] }],
  ])("are left out: %s", (_name, fields) => {
    for (const role of ["user", "assistant", "system"])
      expect(toGoogleMessages([user, { role, ...fields }, user])).toEqual([user, user]);
  });

  test("lose only their empty parts where something is left", () => {
    const part = { type: "text", text: "x" };
    expect(toGoogleMessages([{ role: "user", content: [{ type: "text", text: "" }, part] }])).toEqual([
      { role: "user", content: [part] },
    ]);
  });

  test("stay where they answer a call or make one", () => {
    const history = [user, { ...calls(call("a", "f")), content: "" }, result("a", { content: "" })];
    expect(toGoogleMessages(history)).toEqual([
      user,
      calls(call("a", "f")),
      result("a", { name: "f", content: "(no output)" }),
    ]);
  });

  test("leave a turn of the user's, first of all turns", () => {
    const system = { role: "system", content: "s" };
    expect(toGoogleMessages([system])).toEqual([system, opening]);
    expect(toGoogleMessages([{ role: "user", content: "" }])).toEqual([opening]);
    expect(toGoogleMessages([])).toEqual([opening]);
    expect(toGoogleMessages([system, { role: "assistant", content: "a" }, user])).toEqual([
      system,
      opening,
      { role: "assistant", content: "a" },
      user,
    ]);
  });
});

describe("a tool's result", () => {
  test("carries the name of its call, of several in a turn and of ids that come again", () => {
    const history = [
      user,
      calls(call("a", "f"), call("b", "g")),
      result("b"),
      result("a"),
      calls(call("a", "h")),
      result("a"),
    ];
    expect(toGoogleMessages(history).map(({ name }) => name)).toEqual([undefined, undefined, "g", "f", undefined, "h"]);
  });

  test("keeps a name that the caller gave", () => {
    expect(toGoogleMessages([user, calls(call("a", "f")), result("a", { name: "own" })])[2]).toMatchObject({
      name: "own",
    });
    expect(toGoogleMessages([user, calls(call("a", "f")), result("a", { name: "" })])[2]).toMatchObject({ name: "f" });
  });
});

test("a conversation without faults is the same objects", () => {
  const history = [{ role: "system", content: "s" }, user, { role: "assistant", content: "a" }, user];
  for (const [index, message] of toGoogleMessages(history).entries()) expect(message).toBe(history[index]);
});
