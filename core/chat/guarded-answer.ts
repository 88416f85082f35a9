import type { ChatCompletion } from "openai/resources/chat/completions";
import type { OutputGuardOptions } from "#core/guardrails/output-guard.ts";
import type { ChatGeneration } from "./chat-generation.ts";

/** An answer under output guardrails: judged whole, or while it streams. */

/** A whole completion, judged. @throws GatewayError SERVICE_UNAVAILABLE */
export const guardedCompletion = async (
  completion: unknown,
  chat: ChatGeneration,
  guard: OutputGuardOptions,
): Promise<unknown> => {
  const { applyOutputGuardrails } = await import("#core/guardrails/output.ts");
  const judged = await applyOutputGuardrails(completion as ChatCompletion, { ...guard, signal: chat.signal });
  return judged.completion;
};

/** A stream's frames, judged before they leave. */
export const guardedFrames = async (
  frames: AsyncIterable<Buffer | string>,
  chat: ChatGeneration,
  guard: OutputGuardOptions,
): Promise<AsyncIterable<Buffer | string>> => {
  const [{ guardFrames }, { OutputGuard }] = await Promise.all([
    import("#core/guardrails/guard-frames.ts"),
    import("#core/guardrails/output-guard.ts"),
  ]);
  return guardFrames(frames, {
    guard: new OutputGuard({ ...guard, signal: chat.signal }),
    onBlocked: () => chat.endBlocked(),
  });
};
