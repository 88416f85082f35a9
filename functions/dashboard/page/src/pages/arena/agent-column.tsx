import { formatCost, formatMs, plural } from "../../format.ts";
import type { AgentView, Answer } from "./run-view.ts";

const Searches = ({ answer }: { answer: Answer }) =>
  answer.searches.length === 0 ? null : (
    <ul class="arena-searches" aria-label="Searches">
      {answer.searches.map(({ query, results }, index) => (
        <li key={index}>
          Searched “{query}”: {plural(results, "result")}
        </li>
      ))}
    </ul>
  );

const Sources = ({ answer }: { answer: Answer }) =>
  answer.citations.length === 0 ? null : (
    <details class="arena-sources">
      <summary>{plural(answer.citations.length, "source")}</summary>
      <ul>
        {answer.citations.map(({ url, title }) => (
          <li key={url}>
            {/* The gateway passes on web addresses only; another scheme is never linked. */}
            {/^https?:\/\//i.test(url) ? (
              <a href={url} target="_blank" rel="noreferrer noopener">
                {title}
              </a>
            ) : (
              title
            )}
          </li>
        ))}
      </ul>
    </details>
  );

/** Which model served where another was named, how long it took, what it cost, and whether it was cut. */
const factsOf = (answer: Answer, named: string): string => {
  const { ended, fault, latencyMs, costUsd, modelUsed = named, finishReason } = answer;
  if (!ended || fault !== undefined) return "";
  return [
    ...(modelUsed === named ? [] : [modelUsed]),
    formatMs(latencyMs),
    `cost\u00a0${formatCost(costUsd)}`,
    ...(finishReason === "length" ? ["cut at its limit"] : []),
  ].join("\u00a0· ");
};

interface AgentColumnProps {
  readonly agent: AgentView;
  readonly winner: boolean;
  readonly live: boolean;
}

/** What one agent said, round by round. */
export const AgentColumn = ({ agent, winner, live }: AgentColumnProps) => (
  <section class={`card arena-agent${winner ? " winner" : ""}`} aria-label={`${agent.agentId}, ${agent.model}`}>
    <header class="arena-agent-head">
      <h2>{agent.model}</h2>
      <p>
        {agent.agentId}
        {winner ? <strong> · Winner</strong> : null}
      </p>
    </header>
    {agent.answers.length === 0 ? <p class="hint">Waiting for its turn.</p> : null}
    {agent.answers.map((answer) => (
      <article key={answer.round} class="arena-answer">
        <h3>Round {answer.round}</h3>
        <Searches answer={answer} />
        {answer.text === "" && answer.ended ? null : (
          <p class={`turn-text${live && !answer.ended ? " growing" : ""}`}>{answer.text}</p>
        )}
        {answer.fault === undefined ? null : <p class="field-fault">{answer.fault}</p>}
        <Sources answer={answer} />
        <p class="turn-facts">{factsOf(answer, agent.model)}</p>
      </article>
    ))}
  </section>
);
