import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  /** `side` is a sheet at the edge of the window, for what is long and read next to the page; `large` is for an image. */
  readonly shape?: "center" | "side" | "large";
  /** Asked when Escape or the cross is used: false keeps the dialog open. */
  readonly mayClose?: () => boolean;
}

const classes = { center: "dialog", side: "dialog side-sheet", large: "dialog large-dialog" } as const;

/**
 * A modal dialog while it is mounted. The browser's own element keeps the focus within, closes on Escape and gives the
 * focus back to what opened it.
 */
export const Dialog = ({ title, children, onClose, shape = "center", mayClose = () => true }: DialogProps) => {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const mounted = useRef(true);
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      // Its `close` event comes later, when another dialog may be open.
      mounted.current = false;
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={classes[shape]}
      aria-labelledby={titleId}
      onCancel={(event) => {
        if (event.target === element.current && !mayClose()) event.preventDefault();
      }}
      onClose={() => {
        if (mounted.current) onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          onClick={() => {
            if (mayClose()) element.current?.close();
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
};
