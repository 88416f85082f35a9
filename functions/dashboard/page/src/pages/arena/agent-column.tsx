import { formatCost, formatMs, plural } from "../../format.ts";
import { AnswerText } from "./answer-text.tsx";
import { type AgentView, type Answer, nameOf, type Search } from "./run-view.ts";

/** `live`: whether the run goes on; what had not come by its end never came. */
const searchWords = ({ query, results, failed = false }: Search, live: boolean): string => {
  if (failed) return `The search for “${query}” failed.`;
  if (results !== undefined) return `Searched “${query}”: ${plural(results, "result")}`;
  return live ? `Searching “${query}”…` : `Searched “${query}”: interrupted`;
};

const Searches = ({ answer, live }: { answer: Answer; live: boolean }) =>
  answer.searches.length === 0 ? null : (
    <ul class="arena-searches" aria-label="Searches">
      {answer.searches.map((search, index) => (
        <li key={index}>{searchWords(search, live && !answer.ended)}</li>
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
  const { ended, latencyMs, costUsd, modelUsed = named, finishReason } = answer;
  if (!ended) return "";
  return [
    ...(modelUsed === named ? [] : [modelUsed]),
    formatMs(latencyMs),
    `cost\u00a0${formatCost(costUsd)}`,
    ...(finishReason === "length" ? ["cut at its limit"] : []),
  ].join("\u00a0· ");
};

/** All that is said while names are hidden. */
const cutOf = ({ ended, finishReason }: Answer): string =>
  ended && finishReason === "length" ? "cut at its limit" : "";

interface AgentColumnProps {
  readonly agent: AgentView;
  /** Of the models' votes. */
  readonly winner: boolean;
  /** Of the user's vote. */
  readonly choice: boolean;
  /** Only a fight has rounds to tell apart. */
  readonly inRounds: boolean;
  readonly live: boolean;
}

/** What one agent said, round by round. */
export const AgentColumn = ({ agent, winner, choice, inRounds, live }: AgentColumnProps) => (
  <section
    class={`card arena-agent${winner ? " winner" : ""}`}
    aria-label={agent.hidden === true ? agent.label : `${agent.agentId}, ${agent.model}`}
  >
    <header class="arena-agent-head">
      <h2>{agent.hidden === true ? agent.label : agent.model}</h2>
      {agent.hidden === true ? null : (
        <p>
          {[agent.agentId, ...(agent.label === undefined ? [] : [agent.label])].join(" · ")}
          {winner ? <strong> · Winner</strong> : null}
          {choice ? <strong> · Your choice</strong> : null}
        </p>
      )}
    </header>
    {agent.answers.length === 0 ? <p class="hint">{live ? "Waiting for its turn." : "No turn."}</p> : null}
    {agent.answers.map((answer) => (
      <article key={answer.round} class="arena-answer">
        {inRounds ? <h3>Round {answer.round}</h3> : null}
        <Searches answer={answer} live={live} />
        {answer.text === "" && answer.ended ? null : (
          <AnswerText
            label={`Answer of ${nameOf(agent)}${inRounds ? `, round ${answer.round}` : ""}`}
            text={answer.text}
            growing={live && !answer.ended}
            below={inRounds ? 3 : 2}
          />
        )}
        {answer.fault === undefined ? null : <p class="field-fault">{answer.fault}</p>}
        <Sources answer={answer} />
        {answer.fault === undefined ? (
          <p class="turn-facts">{agent.hidden === true ? cutOf(answer) : factsOf(answer, agent.model)}</p>
        ) : null}
      </article>
    ))}
  </section>
);
