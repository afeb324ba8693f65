import { versionName } from "@/components/image-words";
import { say } from "@/components/words";
import type { Message } from "@/lib/errors";

/** Why a deployment ended as it did and, where somebody has to look, what the engine saw on the host when it stopped. */
export function ResultReason({ message }: { message: Message }) {
  const { now, units } = message.params;
  const attached = now === "" ? "No version is attached" : `${versionName(String(now))} is attached`;
  return (
    <>
      <p>{say(message)}</p>
      {now !== undefined && units !== undefined && (
        <p className="quiet">{`On the host then: ${attached}${units === "" ? "" : `; ${versionName(String(units))}`}.`}</p>
      )}
    </>
  );
}
