import { expect, test } from "vitest";
import { withResultsTogether } from "#core/providers/tool-turns.ts";

const user = { role: "user", content: "q" };
const system = { role: "system", content: "s" };
const calls = { role: "assistant", tool_calls: [{ id: "a" }, { id: "b" }] };
const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "r" });

test("an instruction between a call and its results follows them", () => {
  expect(withResultsTogether([user, calls, system, result("a"), system, result("b"), user])).toEqual([
    user,
    calls,
    result("a"),
    result("b"),
    system,
    system,
    user,
  ]);
});

test("instructions elsewhere stay where they are, in the same list", () => {
  const messages = [system, user, calls, result("a"), result("b"), system, user];
  expect(withResultsTogether(messages)).toBe(messages);
});
