import { formatCost, formatMs } from "../../format.ts";
import { nameIn, nameOf, type RunView } from "./run-view.ts";

/** A run as a Markdown file, as it is shown: names that are hidden stay hidden. */

const modeNames = { council: "Council", battle: "Battle", fight: "Fight", "multi-instance": "Same model" } as const;

export const modeName = (mode: RunView["mode"]): string => (mode === undefined ? "Run" : modeNames[mode]);

const answersOf = ({ agents, mode }: RunView): readonly string[] =>
  agents.flatMap((agent) => [
    `## ${nameOf(agent)}`,
    ...agent.answers.flatMap(({ round, text, fault, citations, costUsd, latencyMs }) => [
      ...(mode === "fight" ? [`### Round ${round}`] : []),
      text === "" ? `_${fault ?? "No answer."}_` : text,
      ...citations.map(({ title, url }) => `- ${title}: ${url}`),
      ...(latencyMs === undefined ? [] : [`_${formatMs(latencyMs)}, ${formatCost(costUsd)}_`]),
    ]),
  ]);

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

const votesOf = (view: RunView): readonly string[] =>
  view.votes.length === 0
    ? []
    : [
        "## Votes",
        [
          row(["Voter", "Votes for", "Reason"]),
          row(["---", "---", "---"]),
          ...view.votes.map(({ voterId, votedFor, reason, dropped }) =>
            row([nameIn(view, voterId), dropped || votedFor === null ? "–" : nameIn(view, votedFor), reason]),
          ),
        ].join("\n"),
      ];

const ranksOf = (view: RunView): readonly string[] =>
  view.ranks.length === 0
    ? []
    : [
        "## Ranks",
        view.ranks.map(({ agentId, rank, votes }) => `${rank}. ${nameIn(view, agentId)} (${votes})`).join("\n"),
      ];

const endOf = ({ ending }: RunView): readonly string[] =>
  ending === undefined ? [] : [`_${formatMs(ending.durationMs)} in all, ${formatCost(ending.costUsd)}_`];

export const toMarkdown = (question: string, view: RunView): string =>
  `${[
    `# ${modeName(view.mode)}: ${question.trim()}`,
    ...(view.answer === "" ? [] : ["## The council's answer", view.answer]),
    ...answersOf(view),
    ...votesOf(view),
    ...ranksOf(view),
    ...endOf(view),
  ].join("\n\n")}\n`;
