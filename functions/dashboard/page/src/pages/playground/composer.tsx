import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { StartStopButton } from "../../ui/start-stop-button.tsx";
import { answering, lanes, send, stop } from "./conversation.ts";
import { addImages, imageFiles } from "./images.ts";
import { isUsable, playgroundKey } from "./playground-key.ts";
import { settings } from "./settings.ts";
import { readTools } from "./tool-calls.ts";

/** Why nothing can be sent, or undefined when it can. */
const fault = (text: string, images: readonly string[]): string | undefined => {
  if (!isUsable(playgroundKey.value)) return "Correct the API key first, or clear it.";
  const { problem } = readTools(settings.tools.value);
  if (problem !== undefined) return problem;
  if (lanes.value.some(({ path }) => (path.value.at(-1)?.toolCalls?.length ?? 0) > 0)) {
    return "Send the results of the tool calls first.";
  }
  return text.trim() === "" && images.length === 0 ? "Write a message first." : undefined;
};

interface AttachmentsProps {
  readonly images: readonly string[];
  readonly onRemove: (image: string) => void;
}

const Attachments = ({ images, onRemove }: AttachmentsProps) =>
  images.length === 0 ? null : (
    <ul class="attachments" aria-label="Attached images">
      {images.map((image, index) => (
        <li key={image}>
          <img src={image} alt={`Attachment ${index + 1}`} />
          <Button small icon="close" label={`Remove image ${index + 1}`} onClick={() => onRemove(image)}>
            <span class="visually-hidden">Remove</span>
          </Button>
        </li>
      ))}
    </ul>
  );

/** Where a message is written. Enter sends, Shift+Enter starts a new line. Length: markup of one form. */
export const Composer = () => {
  const id = useId();
  const file = useRef<HTMLInputElement>(null);
  const draft = useSignal("");
  const images = useSignal<readonly string[]>([]);
  const problem = useSignal<string | undefined>(undefined);
  const submit = (): void => {
    problem.value = fault(draft.value, images.value);
    if (problem.value !== undefined || answering.value) return;
    const sent = { text: draft.value, images: images.value };
    draft.value = "";
    images.value = [];
    void send(sent.text, sent.images);
  };
  const attach = async (files: readonly Blob[]): Promise<void> => {
    if (files.length === 0) return;
    const read = await addImages(images.peek(), files);
    images.value = read.images;
    problem.value = read.problem;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button below has a keyboard.
    <div
      class="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void attach(imageFiles(event.dataTransfer));
      }}
    >
      <Attachments
        images={images.value}
        onRemove={(image) => {
          images.value = images.value.filter((each) => each !== image);
        }}
      />
      <label class="visually-hidden" for={id}>
        Message
      </label>
      <textarea
        id={id}
        rows={2}
        placeholder="Ask something, or paste an image…"
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
        onPaste={(event) => {
          const files = imageFiles(event.clipboardData);
          if (files.length > 0) event.preventDefault();
          void attach(files);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      <div class="composer-buttons">
        <Button small kind="quiet" icon="picture" onClick={() => file.current?.click()}>
          Attach image
        </Button>
        <input
          ref={file}
          class="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          tabIndex={-1}
          aria-label="Image files"
          onChange={(event) => {
            void attach([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <p class="field-fault" role="status">
          {problem.value ?? ""}
        </p>
        <StartStopButton start="Send" running={answering.value} onStart={submit} onStop={() => void stop()} />
      </div>
    </div>
  );
};
