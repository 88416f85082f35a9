import { expect, it } from "vitest";
import { runAgent } from "#core/arena/agent.ts";
import { agentsOf, ScriptedRun } from "./scripted-run.ts";

it("without an Exa key, an agent is not told of the search tool", async () => {
  const [agent] = agentsOf("one");
  if (agent === undefined) throw new Error("An agent is needed");
  const run = new ScriptedRun(() => "Done");
  const messages = [{ role: "user" as const, content: "What is new?" }];
  await runAgent(run, { agent, round: 1, messages, search: true, maxTokens: undefined, emit: () => undefined });
  expect(run.calls[0]?.tools).toBeUndefined();
});
