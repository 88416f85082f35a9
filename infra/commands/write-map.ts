import { readFileSync, writeFileSync } from "node:fs";
import { withMap } from "#infra/layout/map.ts";
import { rooms } from "#infra/layout/rooms.ts";

/** Writes AGENTS.md's map from the table of rooms. */
writeFileSync("AGENTS.md", withMap(readFileSync("AGENTS.md", "utf8"), rooms));
