import { rehearseVersion } from "@/app/(console)/actions";
import { ActionButton } from "@/components/action-button";
import { Icon } from "@/components/icon";
import { versionName } from "@/components/image-words";
import { writeTarget } from "@/components/target";
import { TimeAgo } from "@/components/time-ago";
import type { Tone } from "@/components/tones";
import { say } from "@/components/words";
import type { ImageVersion, Rehearsal } from "@/lib/images/types";

interface RehearsalNoteProps {
  readonly version: ImageVersion;
  readonly now: number;
  readonly isReadOnly: boolean;
}

/** Whether this version would get as far as running its program, and a button to find out. */
export function RehearsalNote({ version, now, isReadOnly }: RehearsalNoteProps) {
  const { rehearsal, inspection, service, label } = version;
  if (inspection?.ok === false) return null; // what cannot be opened is said elsewhere
  const words = rehearsal && WORDS[rehearsal.verdict];
  return (
    <div className="rehearsal">
      <p>
        {words && rehearsal ? (
          <>
            <Icon tone={words.tone} />
            <span>
              {words.says}
              {rehearsal.verdict !== "mounts" && `: ${say(rehearsal.problem)}`}{" "}
              <span className="quiet">
                {rehearsal.verdict === "mounts" ? "" : "Rehearsed "}
                <TimeAgo at={rehearsal.at} now={now} />
              </span>
            </span>
          </>
        ) : (
          <span className="quiet">Not rehearsed yet</span>
        )}
      </p>
      {!isReadOnly && (
        <ActionButton
          action={rehearseVersion}
          name="target"
          value={writeTarget({ service, version: label, expected: null })}
          look="small"
        >
          {`Rehearse ${versionName(label)}`}
        </ActionButton>
      )}
    </div>
  );
}

const WORDS: Record<Rehearsal["verdict"], { tone: Tone; says: string }> = {
  mounts: { tone: "good", says: "Rehearsed" },
  "would-not-start": { tone: "bad", says: "Would not start" },
  unchecked: { tone: "quiet", says: "Could not be rehearsed" },
};
