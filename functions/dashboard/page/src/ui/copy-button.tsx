import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, type ButtonProps } from "./button.tsx";

interface CopyButtonProps {
  readonly text: string;
  readonly children: string;
  readonly kind?: ButtonProps["kind"];
  readonly small?: boolean;
  readonly onCopied?: () => void;
}

const shownMs = 2_500;

/** Copies a text and says whether it could: browsers refuse without a secure connection. */
export const CopyButton = ({ text, children, kind = "secondary", small = false, onCopied }: CopyButtonProps) => {
  const state = useSignal<"ready" | "copied" | "refused">("ready");
  useEffect(() => {
    if (state.value === "ready") return undefined;
    const timer = setTimeout(() => {
      state.value = "ready";
    }, shownMs);
    return () => clearTimeout(timer);
  }, [state.value]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      state.value = "copied";
      onCopied?.();
    } catch {
      state.value = "refused";
    }
  };
  const words = { ready: children, copied: "Copied", refused: "Copy failed: select the text" }[state.value];
  return (
    <>
      <Button kind={kind} small={small} icon={state.value === "copied" ? "check" : "copy"} onClick={() => void copy()}>
        {words}
      </Button>
      <span class="visually-hidden" role="status">
        {state.value === "ready" ? "" : words}
      </span>
    </>
  );
};
