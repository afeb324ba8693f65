import { versionName } from "@/components/image-words";
import { given, type Read, type Sentence } from "@/components/sentence";
import type { DifferenceCode } from "@/lib/drift/types";

/** What others did, each as it stands in the history; on the page of the service the two buttons say what now. */
export const DIFFERENCE_WORDS: Record<DifferenceCode | "reattached-outside", Sentence> = {
  "attached-outside": (p) => `${named(p, "version")} was attached outside Attaché, from ${p("path")}.`,
  "detached-outside": (p) => `${named(p, "version")} was detached outside Attaché.`,
  "switched-outside": (p) => `${named(p, "from")} was replaced by ${named(p, "to")} outside Attaché.`,
  "reattached-outside": (p) =>
    `${named(p, "version")} was attached anew outside Attaché, so portabled wrote its unit files from the image again.`,
  "profile-changed": (p) =>
    `Its isolation is another one: it was deployed with ${profile(p, "from")} and is attached with ${profile(p, "to")} now.`,
  "location-changed": (p) =>
    given(p, "to") === "runtime"
      ? "It is attached only until the next boot now; it was deployed to stay."
      : "It is attached to stay now; it was deployed only until the next boot.",
  "extensions-changed": (p) =>
    `Its extensions are others: ${listed(p, "from")} before, ${listed(p, "to")} now.`,
  "unit-edited": (p) =>
    `${p("file")} was edited on the host. The edit is lost with the next switch, since portabled then writes the file anew.`,
  "unit-removed": (p) =>
    `${p("file")} was removed. What runs goes on, but systemd does not find the file any more.`,
  "file-added": (p) =>
    `${p("file")} was added among the files of portabled, which cannot switch the service while it is there.`,
  "image-replaced": (p) =>
    `The file ${p("path")} was overwritten or replaced: the next start runs other bytes than those that were deployed.`,
  "image-gone": (p) =>
    `The image ${p("path")} was removed or moved out of sight: what runs goes on, but will not start again.`,
  "image-moved": (p) =>
    `The image ${p("path")} was moved to ${p("to")}: what runs goes on, but will not start again.`,
};

function named(p: Read, name: string): string {
  return versionName(p(name) === "?" ? null : p(name));
}

function profile(p: Read, name: string): string {
  return given(p, name) === "" ? "no profile" : `the profile “${p(name)}”`;
}

function listed(p: Read, name: string): string {
  return given(p, name) === "" ? "none" : p(name);
}
