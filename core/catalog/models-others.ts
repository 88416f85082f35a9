import { above, model, prices } from "./define-model.ts";
import type { CatalogModel, LongContextPrices, TokenPrices } from "./model.ts";
import { noSchema, plain, reasoner, textImage, textOnly } from "./model-kinds.ts";

/**
 * Models of xAI, MiniMax and, over OpenRouter, of others. OpenRouter's prices float with its hosts: a request's cost is what
 * its answer reports, and the list prices here are estimates. Twice as much is reserved, and no dearer host is accepted.
 */

const grok = (id: string, name: string, since: string, context: number, price: TokenPrices, long?: LongContextPrices) =>
  model("x-ai", id, {
    name,
    context,
    output: 64_000,
    prices: price,
    ...(long === undefined ? {} : { long }),
    input: textImage,
    can: reasoner,
    since,
  });

const routed = (
  id: string,
  name: string,
  since: string,
  context: number,
  output: number,
  price: TokenPrices,
  input = textOnly,
  can = plain,
) => model("openrouter", id, { name, context, output, prices: price, input, can, since });

export const otherModels: readonly CatalogModel[] = [
  grok("grok-4.7", "Grok 4.7", "2026-11-01", 500_000, prices(2, 6, 0.5), above(199_999, prices(4, 12, 1))),
  grok("grok-4.6", "Grok 4.6", "2026-09-01", 500_000, prices(2, 6, 0.5), above(199_999, prices(4, 12, 1))),
  grok("grok-4.5", "Grok 4.5", "2026-07-01", 500_000, prices(2, 6, 0.3), above(199_999, prices(4, 12, 0.6))),
  grok("grok-4.3", "Grok 4.3", "2026-05-01", 1_000_000, prices(1.25, 2.5, 0.2), above(199_999, prices(2.5, 5, 0.4))),

  routed("deepseek/deepseek-v3.2", "DeepSeek V3.2", "2025-12-01", 163_840, 65_536, prices(0.2288, 0.3432)),
  routed(
    "deepseek/deepseek-v4-flash",
    "DeepSeek V4 Flash",
    "2026-05-01",
    1_000_000,
    131_072,
    prices(0.0983, 0.1966, 0.0197),
  ),
  routed(
    "deepseek/deepseek-v4-pro",
    "DeepSeek V4 Pro",
    "2026-05-01",
    1_000_000,
    131_072,
    prices(0.435, 0.87, 0.003625),
  ),
  routed(
    "moonshotai/kimi-k2.6",
    "Kimi K2.6",
    "2026-04-20",
    262_144,
    131_072,
    prices(0.68, 3.41, 0.34),
    textImage,
    reasoner,
  ),
  routed("moonshotai/kimi-k3", "Kimi K3", "2026-09-01", 1_048_576, 131_072, prices(3, 15, 0.3), textImage, reasoner),
  routed(
    "meta-llama/llama-4-maverick",
    "Llama 4 Maverick",
    "2025-04-05",
    1_048_576,
    16_384,
    prices(0.15, 0.6),
    textImage,
  ),
  routed(
    "meta-llama/llama-3.3-70b-instruct",
    "Llama 3.3 70B Instruct",
    "2024-12-06",
    131_072,
    16_384,
    prices(0.05, 0.24),
  ),
  routed(
    "mistralai/mistral-large-2512",
    "Mistral Large 3",
    "2025-12-02",
    262_144,
    65_536,
    prices(0.5, 1.5, 0.05),
    textImage,
  ),
  routed(
    "mistralai/mistral-medium-3-5",
    "Mistral Medium 3.5",
    "2026-05-01",
    262_144,
    65_536,
    prices(1.5, 7.5),
    textImage,
  ),
  // One source (pi-ai 1.6.0) for the prices of the next four.
  routed(
    "deepseek/deepseek-v4.1-flash",
    "DeepSeek V4.1 Flash",
    "2026-10-17",
    1_048_576,
    131_072,
    prices(0.3, 1.2, 0.006),
    textImage,
    reasoner,
  ),
  routed(
    "moonshotai/kimi-k3.1-pro",
    "Kimi K3.1 Pro",
    "2026-11-01",
    1_048_576,
    131_072,
    prices(0.253, 8.8, 0.18),
    textImage,
    reasoner,
  ),
  routed(
    "mistralai/mistral-large-4-0",
    "Mistral Large 4",
    "2026-11-01",
    1_048_576,
    262_144,
    prices(0.7, 2.1, 0.07),
    textImage,
    reasoner,
  ),
  routed(
    "qwen/qwen4-max",
    "Qwen4 Max",
    "2026-11-01",
    1_000_000,
    131_072,
    prices(1.425, 4.275, 0.07125, 1.78125),
    textImage,
    reasoner,
  ),
  routed("z-ai/glm-5.3", "GLM 5.3", "2026-11-01", 1_048_576, 131_072, prices(1.4, 4.4, 0.26), textOnly, reasoner),

  model("minimax", "MiniMax-M3", {
    name: "MiniMax M3",
    context: 1_000_000,
    output: 524_288,
    prices: prices(0.3, 1.2, 0.06),
    long: above(512_000, prices(0.6, 2.4, 0.12)),
    input: textImage,
    can: noSchema,
    since: "2026-08-01",
  }),
  model("minimax", "MiniMax-M3.1-Flash", {
    name: "MiniMax M3.1 Flash",
    context: 1_000_000,
    output: 524_288,
    prices: prices(0.15, 0.6, 0.015),
    input: textOnly,
    can: noSchema,
    since: "2026-11-01",
  }),
];
