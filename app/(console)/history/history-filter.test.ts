import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { HistoryFilter, type HistoryQuery, readHistoryFilter } from "@/app/(console)/history/history-filter";

/** What the form sends when it is sent as it stands. */
function sent(filter: HistoryQuery): Record<string, string> {
  const markup = renderToStaticMarkup(HistoryFilter({ filter, services: [] }));
  const inputs = [...markup.matchAll(/<input[^>]*>/g)].map(([tag]) => [
    / name="([^"]*)"/.exec(tag)?.[1] ?? "",
    / value="([^"]*)"/.exec(tag)?.[1] ?? "",
  ]);
  return Object.fromEntries(inputs);
}

it("bug: a filter that is sent anew stays within the batch that was shown", () => {
  const filter = { batch: "01BATCH", text: "fair" };
  expect(readHistoryFilter(sent(filter))).toEqual(filter);
  expect(sent({})).not.toHaveProperty("batch");
});
