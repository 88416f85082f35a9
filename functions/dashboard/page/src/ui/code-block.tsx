import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { CopyButton } from "./copy-button.tsx";
import type { Piece } from "./highlighter.ts";

/** How long a block must stand still before it is colored, ms: an answer that grows stays plain. */
const restMs = 120;

/** The colors of a block, once the library is there and the text rests. Plain until then, and where a language is not known. */
const usePieces = (text: string, language: string): readonly Piece[] | undefined => {
  const colored = useSignal<{ readonly text: string; readonly pieces: readonly Piece[] | undefined } | undefined>(
    undefined,
  );
  useEffect(() => {
    if (language === "") return undefined;
    let left = false;
    const timer = setTimeout(() => {
      import("./highlighter.ts").then(
        ({ highlight }) => {
          if (!left) colored.value = { text, pieces: highlight(text, language) };
        },
        // The script is gone after an update: the code is readable without colors.
        () => undefined,
      );
    }, restMs);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [text, language]);
  return colored.value?.text === text ? colored.value.pieces : undefined;
};

interface CodeProps {
  readonly text: string;
  readonly lang: string | undefined;
}

/** Code as elements, in colors where its language is known. */
export const Code = ({ text, lang = "" }: CodeProps) => {
  const pieces = usePieces(text, lang.trim().toLowerCase().split(/\s/)[0] ?? "");
  return (
    <code>
      {pieces === undefined
        ? text
        : pieces.map(({ text: part, scope }, index) =>
            scope === "" ? (
              part
            ) : (
              <span key={index} class={`code-${scope}`}>
                {part}
              </span>
            ),
          )}
    </code>
  );
};

/** A block of code with its language and a button that copies it. */
export const CodeBlock = ({ text, lang }: CodeProps) => (
  <figure class="code-block">
    <figcaption>
      <span>{lang === undefined || lang === "" ? "Code" : lang}</span>
      <CopyButton small kind="quiet" text={text}>
        Copy
      </CopyButton>
    </figcaption>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
    <pre tabIndex={0}>
      <Code text={text} lang={lang} />
    </pre>
  </figure>
);
