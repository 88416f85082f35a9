import type { ComponentChildren } from "preact";
import { Dialog } from "./dialog.tsx";
import { Form } from "./form.tsx";
import { useAction } from "./use-action.ts";

interface ConfirmDialogProps {
  readonly title: string;
  readonly confirm: string;
  readonly children: ComponentChildren;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be undone. */
export const ConfirmDialog = ({ title, confirm, children, onConfirm, onClose }: ConfirmDialogProps) => {
  const action = useAction(onConfirm);
  return (
    <Dialog title={title} onClose={onClose}>
      <Form action={action} submit={confirm} kind="danger" onCancel={onClose}>
        {children}
      </Form>
    </Dialog>
  );
};
