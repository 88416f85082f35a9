import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { numberOf, objectOf, stringOf } from "#infra/local/providers/json.ts";
import { fileUrl, type MediaExchange, sendJson } from "./media-exchange.ts";
import { silentMp3, silentPcm, silentWav } from "./media-files.ts";

/** MiniMax's speech and music: silence of the length that the text would take, as hex, whole or in events. */

const charactersPerSecond = 15;
const bytesPerPiece = 16 * 1024;
export const successful = { status_code: 0, status_msg: "success" } as const;

const audioOf = (format: string, seconds: number): Buffer => {
  if (format === "wav" || format === "flac") return silentWav(seconds);
  return format === "pcm" ? silentPcm(seconds) : silentMp3(seconds);
};

const piecesOf = (audio: Buffer): readonly string[] =>
  Array.from({ length: Math.ceil(audio.length / bytesPerPiece) }, (_, index) =>
    audio.toString("hex", index * bytesPerPiece, (index + 1) * bytesPerPiece),
  );

/** Writes pieces with the scripted pauses and faults. False when a fault ended it. */
const write = async (exchange: MediaExchange, pieces: Iterable<string>): Promise<boolean> => {
  const { response, directives, entry, signal } = exchange;
  let written = 0;
  for (const piece of pieces) {
    if (written === directives.cutAfter) {
      entry.update({ state: "fault" });
      response.destroy();
      return false;
    }
    if (written === directives.stallAfter) {
      entry.update({ state: "fault" });
      await sleep(24 * 3_600_000, undefined, { signal });
    }
    if (!response.write(piece)) await once(response, "drain", { signal });
    written += 1;
    if (directives.chunkDelayMs !== undefined) await sleep(directives.chunkDelayMs, undefined, { signal });
  }
  return true;
};

interface Facts {
  readonly extra_info: object;
  readonly trace_id: string;
  readonly base_resp: typeof successful;
}

const traceId = "04ece790375f3ca2edbb44e8c4c200bf";

const sendDocument = async (exchange: MediaExchange, audio: Buffer, facts: Facts): Promise<void> => {
  const { response, entry } = exchange;
  entry.update({ status: 200 });
  response.writeHead(200, { "content-type": "application/json", "trace-id": traceId });
  response.write('{"data":{"audio":"');
  if (!(await write(exchange, piecesOf(audio)))) return;
  response.end(`","status":2,"ced":""},${JSON.stringify(facts).slice(1)}`);
};

const sendEvents = async (exchange: MediaExchange, audio: Buffer, facts: Facts): Promise<void> => {
  const { response, entry, body, directives } = exchange;
  entry.update({ status: 200 });
  response.writeHead(200, { "content-type": "text/event-stream", "trace-id": traceId });
  const pieces = piecesOf(audio).map(
    (hex) =>
      `data: ${JSON.stringify({ data: { audio: hex, status: 1 }, trace_id: traceId, base_resp: successful })}\n\n`,
  );
  const until = directives.errorEventAfter;
  if (!(await write(exchange, until === undefined ? pieces : pieces.slice(0, until)))) return;
  if (until !== undefined) {
    const base = { status_code: Number(directives.code ?? 1000), status_msg: "scripted error" };
    response.end(`data: ${JSON.stringify({ data: null, trace_id: traceId, base_resp: base })}\n\n`);
    return;
  }
  if (directives.endWithoutFinish === true) {
    response.end();
    return;
  }
  const excluded = objectOf(body.stream_options).exclude_aggregated_audio === true;
  const last = { data: { audio: excluded ? "" : audio.toString("hex"), status: 2 }, ...facts };
  response.end(`data: ${JSON.stringify(last)}\n\n`);
};

const send = async (exchange: MediaExchange, seconds: number, characters: number): Promise<void> => {
  const { body } = exchange;
  const settings = objectOf(body.audio_setting);
  const format = stringOf(settings.format) || "mp3";
  const audio = audioOf(format, seconds);
  const facts: Facts = {
    extra_info: {
      audio_length: Math.round(seconds * 1_000),
      audio_sample_rate: numberOf(settings.sample_rate) ?? 32_000,
      audio_size: audio.length,
      bitrate: numberOf(settings.bitrate) ?? 128_000,
      word_count: characters,
      invisible_character_ratio: 0,
      usage_characters: characters,
      audio_format: format,
      audio_channel: numberOf(settings.channel) ?? 1,
    },
    trace_id: traceId,
    base_resp: successful,
  };
  if (body.output_format === "url") {
    sendJson(exchange, 200, { data: { audio: fileUrl(exchange, `speech.${format}`), status: 2 }, ...facts });
    return;
  }
  if (body.stream === true) await sendEvents(exchange, audio, facts);
  else await sendDocument(exchange, audio, facts);
};

/** POST /v1/t2a_v2 */
export const simulateSpeech = async (exchange: MediaExchange): Promise<void> => {
  const { length } = stringOf(exchange.body.text);
  await send(exchange, length / charactersPerSecond, length);
};

/** POST /v1/music_generation */
export const simulateMusic = (exchange: MediaExchange): Promise<void> => send(exchange, 30, 0);
