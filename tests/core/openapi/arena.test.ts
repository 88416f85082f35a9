import { describe, expect, it } from "vitest";
import * as z from "zod";
import { openApiDocument } from "#core/openapi/document.ts";
import { type ArenaEventName, arenaEventSchemas } from "#core/schemas/arena-events.ts";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z
        .object({
          requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })) }).optional(),
          responses: z.record(
            z.string(),
            z.object({
              content: z
                .record(z.string(), z.object({ schema: z.looseObject({}), example: z.string().optional() }))
                .optional(),
            }),
          ),
        })
        .optional(),
    }),
  ),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});

const { paths, components } = documentSchema.parse(JSON.parse(JSON.stringify(openApiDocument("1.0.0", ""))));
const streamOf = (path: string) => paths[path]?.post?.responses["200"]?.content?.["text/event-stream"];

describe("The arena in the OpenAPI document", () => {
  it.each(["/api/chat", "/api/v1/battle", "/api/v1/fight"])("%s has its body and the schema of every event", (path) => {
    expect(paths[path]?.post?.requestBody?.content["application/json"]?.schema.properties).toHaveProperty("message");
    const references = JSON.stringify(streamOf(path)?.schema).match(/#\/components\/schemas\/Arena\w+/g) ?? [];
    expect(new Set(references).size).toBe(Object.keys(arenaEventSchemas).length);
    for (const reference of references) expect(components.schemas).toHaveProperty(reference.split("/").at(-1) ?? "");
  });

  it("shows a transcript whose every event is as its schema says", () => {
    const frames = (streamOf("/api/v1/fight")?.example ?? "").split("\n\n").filter((frame) => frame !== "");
    const names = frames.map((frame) => {
      const [, name = "", data = ""] = /^event: (.+)\ndata: (.+)$/.exec(frame) ?? [];
      arenaEventSchemas[name as ArenaEventName].parse(JSON.parse(data));
      return name;
    });
    expect(names.at(0)).toBe("run.start");
    expect(names.at(-1)).toBe("done");
  });

  it("a fight answers in events only", () => {
    expect(Object.keys(paths["/api/v1/fight"]?.post?.responses["200"]?.content ?? {})).toEqual(["text/event-stream"]);
  });
});
