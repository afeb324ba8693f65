"use client";

import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { actionFor, type KeyAction } from "@/components/shortcuts";
import { graceWords } from "@/components/time-words";

const OFF_KEY = "attache-shortcuts-off";
const KEYS: readonly [keys: string, meaning: string][] = [
  ["/", "Search"],
  ["j  k", "Next or previous row"],
  ["Enter", "Open the row"],
  ["g s", "Services"],
  ["g h", "History"],
  ["?", "This help"],
];

/** The help sheet and the keys it lists. None of them acts on the host, and all can be switched off. */
export function HelpSheet({ graceMs }: { graceMs: number }) {
  const router = useRouter();
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOn, setIsOn] = useState(true);

  useEffect(() => setIsOn(window.localStorage.getItem(OFF_KEY) === null), []);

  useEffect(() => {
    let first = "";
    const act: Record<KeyAction, () => void> = {
      help: () => dialog.current?.showModal(),
      search: () => document.querySelector<HTMLElement>("[data-search]")?.focus(),
      next: () => moveFocus(1),
      previous: () => moveFocus(-1),
      services: () => router.push("/"),
      history: () => router.push("/history"),
    };
    const press = (event: KeyboardEvent) => {
      const wanted = actionFor(event, first);
      first = event.key === "g" ? "g" : "";
      if (!wanted || !isOn || dialog.current?.open || isTyping(event.target)) return;
      event.preventDefault();
      act[wanted]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [router, isOn]);

  const toggle = (on: boolean) => {
    setIsOn(on);
    if (on) window.localStorage.removeItem(OFF_KEY);
    else window.localStorage.setItem(OFF_KEY, "1");
  };

  return (
    <>
      <button type="button" className="btn btn-small" onClick={() => dialog.current?.showModal()}>
        Help
      </button>
      <dialog ref={dialog} className="sheet" aria-labelledby="help-title">
        <h2 id="help-title">Help</h2>
        <p>{`Upgrade, roll back and restart take one click. ${graceWords(graceMs)} Afterwards the result offers the way back.`}</p>
        <h3>Keys</h3>
        <dl className="keys">
          {KEYS.map(([keys, meaning]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <label className="check">
          <input type="checkbox" checked={isOn} onChange={(event) => toggle(event.target.checked)} />
          Single keys are switched on
        </label>
        <form method="dialog">
          <button type="submit" className="btn">
            Close
          </button>
        </form>
      </dialog>
    </>
  );
}

/** Moves along the rows of a list, from the one that has the focus. */
function moveFocus(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? rows.indexOf(focused) : -1;
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
