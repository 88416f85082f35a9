import { GatewayError } from "#core/errors.ts";

const gatewayPrefix = "call_";
const ownPrefix = "call_toolu_";
const notAllowed = /[^a-zA-Z0-9_-]/g;

/** Anthropic's `toolu_X` as the caller sees it: `call_toolu_X`. */
export const toGatewayToolId = (id: string): string => (id.startsWith(gatewayPrefix) ? id : gatewayPrefix + id);

/**
 * The id of a call as Anthropic takes it (`^[a-zA-Z0-9_-]+$`): its own one back, another provider's as it is, and each
 * character that is not allowed as its code in hex, so that different ids stay different.
 */
const toAnthropicToolId = (id: string): string =>
  id.startsWith(ownPrefix)
    ? id.slice(gatewayPrefix.length)
    : id.replace(notAllowed, (character) => `-x${character.charCodeAt(0).toString(16)}-`);

const mismatch = (message: string, param: string): GatewayError =>
  new GatewayError("tool_call_id_mismatch", message, { param });

interface OpenCall {
  readonly anthropicId: string;
  readonly path: string;
}

/** Pairs the calls of each assistant turn with the results right after it, under ids that are unique in the conversation. */
export class ToolCallLedger {
  readonly #used = new Set<string>();
  readonly #open = new Map<string, OpenCall>();

  /**
   * A call of the current assistant turn. Returns the id to send for it.
   * @throws GatewayError when the turn has two calls of one id.
   */
  call(id: string, path: string): string {
    const key = toAnthropicToolId(id);
    if (this.#open.has(key)) throw mismatch("Two tool calls in one turn have the same id.", path);
    // Some providers count from call_0 in every turn; Anthropic wants ids that are unique in the whole conversation.
    let anthropicId = key;
    for (let copy = 2; this.#used.has(anthropicId); copy += 1) anthropicId = `${key}-${copy}`;
    this.#used.add(anthropicId);
    this.#open.set(key, { anthropicId, path });
    return anthropicId;
  }

  /**
   * The result of a call of the turn before. Returns the id to send for it.
   * @throws GatewayError when that turn has no such call, or it already has its result.
   */
  result(id: string, path: string): string {
    const key = toAnthropicToolId(id);
    const open = this.#open.get(key);
    if (open === undefined) {
      throw mismatch(
        "No tool call in the preceding assistant message has this id, or it already has its result.",
        path,
      );
    }
    this.#open.delete(key);
    return open.anthropicId;
  }

  /** @throws GatewayError when a call of the turn before has no result. */
  assertAnswered(): void {
    for (const { path } of this.#open.values()) {
      throw mismatch("No tool message with the result of this tool call follows the assistant message.", path);
    }
  }
}
