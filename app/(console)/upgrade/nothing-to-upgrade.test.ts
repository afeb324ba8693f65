import { expect, it } from "vitest";
import { nothingToUpgrade } from "@/app/(console)/upgrade/nothing-to-upgrade";
import type { Service } from "@/lib/services/types";

/** Only what is looked at; versions newest first. */
function service(currentLabel: string | null, ...labels: string[]): Service {
  const versions = labels.map((label) => ({ label }));
  return { attachment: currentLabel === null ? null : {}, currentLabel, versions } as unknown as Service;
}

it.each([
  ["an empty host", [], /^No service is seen attached here/],
  ["nothing but detached services", [service(null, "2")], /^No service is seen attached here/],
  ["all on the newest", [service("2", "2", "1"), service("1")], /^Every attached service is on the newest/],
  ["the newest is gone from disk", [service("3", "2")], /^Every attached service is on the newest/],
  [
    "bug: newer ones that are not offered",
    [service("1", "2", "1"), service("1")],
    /^No upgrade is offered. One service has a newer version on disk, but only such as are marked/,
  ],
  ["several such", [service("1", "2"), service("1", "2")], /2 services have newer versions/],
])("%s", (_name, services, words) => {
  expect(nothingToUpgrade(services)).toMatch(words);
});
