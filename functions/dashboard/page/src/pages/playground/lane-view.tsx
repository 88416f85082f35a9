import { useEffect, useRef } from "preact/hooks";
import { ModelPicker } from "../../ui/model-picker.tsx";
import type { Lane } from "./lane.ts";
import { listedModels } from "./settings.ts";
import { TurnView } from "./turn-view.tsx";

/** How near to the end counts as there, pixels. */
const nearPixels = 40;

interface LaneViewProps {
  readonly lane: Lane;
  /** Which of how many. */
  readonly place: number;
  readonly count: number;
}

/** One model's turns, in a frame that scrolls and follows its end until the reader scrolls up. */
export const LaneView = ({ lane, place, count }: LaneViewProps) => {
  const frame = useRef<HTMLElement>(null);
  const follows = useRef(true);
  const path = lane.path.value;
  const label = count === 1 ? "Model" : `Model ${place + 1}`;
  useEffect(() => {
    const { current: node } = frame;
    const content = node?.firstElementChild;
    if (node === null || content === null || content === undefined) return undefined;
    // Text that comes, colors, buttons below a finished answer, and the window: all of them move the end.
    const observer = new ResizeObserver(() => {
      if (follows.current) node.scrollTop = node.scrollHeight;
    });
    observer.observe(node);
    observer.observe(content);
    return () => observer.disconnect();
  }, [path.length === 0]);
  return (
    <div class="lane">
      {count === 1 ? null : <ModelPicker label={label} value={lane.model} models={listedModels.value} />}
      <section
        ref={frame}
        class="lane-turns"
        aria-label={count === 1 ? "Conversation" : `Conversation ${place + 1}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        tabIndex={0}
        onScroll={({ currentTarget: node }) => {
          follows.current = node.scrollHeight - node.scrollTop - node.clientHeight < nearPixels;
        }}
      >
        {path.length === 0 ? (
          <p class="conversation-empty">The conversation appears here.</p>
        ) : (
          <ol class="turns">
            {path.map((turn, index) => (
              <TurnView
                key={turn.id}
                lane={lane}
                turn={turn}
                isLast={index === path.length - 1}
                growing={lane.answering.value && index === path.length - 1}
              />
            ))}
          </ol>
        )}
      </section>
    </div>
  );
};
