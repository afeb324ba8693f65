import { reader } from "@/components/sentence";
import { markSentence } from "@/components/sentences";
import { markedRefusal } from "@/lib/deploy/plan";
import type { Mark } from "@/lib/history/types";

/** Why a version is not offered. */
export function sayMark(mark: Mark): string {
  return markSentence(reader(markedRefusal(mark).params));
}
