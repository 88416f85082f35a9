import { Button } from "./button.tsx";

interface StartStopButtonProps {
  /** What starting is called. */
  readonly start: string;
  readonly running: boolean;
  readonly onStart: () => void;
  readonly onStop: () => void;
}

/**
 * Starts something and stops it again. One button for both, so that a keyboard's focus stays where it was; it submits no form,
 * or a click on Stop at the moment of its end would start anew.
 */
export const StartStopButton = ({ start, running, onStart, onStop }: StartStopButtonProps) => (
  <Button
    kind={running ? "secondary" : "primary"}
    icon={running ? "stop" : "send"}
    onClick={running ? onStop : onStart}
  >
    {running ? "Stop" : start}
  </Button>
);
