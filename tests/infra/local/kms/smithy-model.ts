import { readFileSync } from "node:fs";
import * as z from "zod";

const memberSchema = z.object({ target: z.string(), traits: z.record(z.string(), z.unknown()).optional() });

const shapeSchema = z.object({
  type: z.string(),
  members: z.record(z.string(), memberSchema).optional(),
  member: memberSchema.optional(),
  input: z.object({ target: z.string() }).optional(),
  output: z.object({ target: z.string() }).optional(),
  errors: z.array(z.object({ target: z.string() })).optional(),
  traits: z.record(z.string(), z.unknown()).optional(),
});

type Shape = z.output<typeof shapeSchema>;

const isOneOf = (shape: Shape, value: unknown): boolean =>
  Object.values(shape.members ?? {}).some(({ traits }) => traits?.["smithy.api#enumValue"] === value);

/** Reads a service's Smithy model, to hold a stand-in's JSON 1.1 wire against it. */
export class SmithyModel {
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #namespace: string;

  constructor(path: string, namespace: string) {
    const { shapes } = z
      .object({ shapes: z.record(z.string(), shapeSchema) })
      .parse(JSON.parse(readFileSync(path, "utf8")));
    this.#shapes = new Map(Object.entries(shapes));
    this.#namespace = namespace;
  }

  #shape(target: string): Shape {
    const shape = this.#shapes.get(target);
    if (shape !== undefined) return shape;
    // Smithy's prelude, such as smithy.api#Unit: an empty structure for our purposes.
    if (target.startsWith("smithy.api#")) return { type: "structure", members: {} };
    throw new Error(`The model has no shape ${target}`);
  }

  operation(name: string): { input: string; output: string; errors: string[] } {
    const { type, input, output, errors = [] } = this.#shape(`${this.#namespace}#${name}`);
    if (type !== "operation" || input === undefined || output === undefined) throw new Error(`${name} is no operation`);
    return {
      input: input.target,
      output: output.target,
      errors: errors.map(({ target }) => target.slice(this.#namespace.length + 1)),
    };
  }

  isError(name: string): boolean {
    return this.#shapes.get(`${this.#namespace}#${name}`)?.traits?.["smithy.api#error"] !== undefined;
  }

  members(target: string): { name: string; isRequired: boolean }[] {
    return Object.entries(this.#shape(target).members ?? {}).map(([name, { traits }]) => ({
      name,
      isRequired: traits?.["smithy.api#required"] !== undefined,
    }));
  }

  /** What in a value of the JSON 1.1 wire does not fit a shape, as one line for each misfit. */
  misfits(value: unknown, target: string, path = "$"): string[] {
    const shape = this.#shape(target);
    const misfit = (isFit: boolean): string[] => (isFit ? [] : [`${path} is no ${shape.type} ${target}`]);
    switch (shape.type) {
      case "structure":
        return this.#structureMisfits(value, shape, path);
      case "list":
        if (!Array.isArray(value)) return misfit(false);
        return value.flatMap((item, index) => this.misfits(item, shape.member?.target ?? "", `${path}[${index}]`));
      case "enum":
        return misfit(isOneOf(shape, value));
      case "blob":
        return misfit(z.base64().safeParse(value).success);
      case "timestamp":
        return misfit(typeof value === "number");
      case "integer":
        return misfit(Number.isInteger(value));
      default:
        return misfit(typeof value === shape.type);
    }
  }

  #structureMisfits(value: unknown, shape: Shape, path: string): string[] {
    if (typeof value !== "object" || value === null) return [`${path} is no structure`];
    const members = new Map(Object.entries(shape.members ?? {}));
    const missing = [...members].flatMap(([name, { traits }]) =>
      traits?.["smithy.api#required"] !== undefined && !(name in value) ? [`${path}.${name} is missing`] : [],
    );
    const wrong = Object.entries(value).flatMap(([name, item]) => {
      const member = members.get(name);
      return member === undefined
        ? [`${path}.${name} is unknown`]
        : this.misfits(item, member.target, `${path}.${name}`);
    });
    return [...missing, ...wrong];
  }
}
