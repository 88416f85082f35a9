import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Markdown } from "../../ui/markdown.tsx";

interface AnswerTextProps {
  /** Whose answer it is, for whoever does not see the column. */
  readonly label: string;
  readonly text: string;
  readonly growing: boolean;
  /** The level of the heading above. */
  readonly below?: number;
}

/** How near to the end counts as there, pixels. */
const nearPixels = 24;

/** An answer. A long one scrolls within its frame and follows its end until the reader scrolls up. */
export const AnswerText = ({ label, text, growing, below = 2 }: AnswerTextProps) => {
  const frame = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const scrolls = useSignal(false);
  useLayoutEffect(() => {
    const { current: node } = frame;
    if (node === null) return;
    scrolls.value = node.scrollHeight > node.clientHeight;
    if (growing && follows.current) node.scrollTop = node.scrollHeight;
  }, [text, growing]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls.
    <div
      ref={frame}
      class="arena-text"
      role="group"
      aria-label={label}
      // What scrolls must be reachable by keyboard; what does not is no stop on its way.
      tabIndex={scrolls.value ? 0 : undefined}
      onScroll={({ currentTarget: node }) => {
        follows.current = node.scrollHeight - node.scrollTop - node.clientHeight < nearPixels;
      }}
    >
      <Markdown text={text} growing={growing} below={below} />
    </div>
  );
};
