/** LangChain. Needs CK_KEY; CK_BASE_URL defaults to the address of `npm start`. */
import { HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import * as z from "zod";

const { CK_BASE_URL = "http://127.0.0.1:8787/api/v1", CK_KEY = "" } = process.env;
const model = new ChatOpenAI({ model: "claude", apiKey: CK_KEY, configuration: { baseURL: CK_BASE_URL } });

const getWeather = tool(async ({ city }) => `Sunny in ${city}`, {
  name: "get_weather",
  description: "Get the weather of a city",
  schema: z.object({ city: z.string() }),
});

const withTools = model.bindTools([getWeather]);
const question = new HumanMessage("What is the weather in Bern?");
const answer = await withTools.invoke([question]);
const results = await Promise.all((answer.tool_calls ?? []).map((call) => getWeather.invoke(call)));
const final = await withTools.invoke([question, answer, ...results]);
console.log(final.text);

const structured = model.withStructuredOutput(z.object({ city: z.string(), population: z.number() }), { name: "city" });
console.log(await structured.invoke("Name a city."));
