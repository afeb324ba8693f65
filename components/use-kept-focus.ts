"use client";

import { useEffect, useRef } from "react";

/**
 * A button that was pressed may be gone with what it began. The browser then
 * drops the focus, and whoever works by keyboard or screen reader stands at the
 * top of the page without a word. Once `moment` has changed, such a lost focus
 * goes to what `find` names for the button; `null` = not there yet.
 */
export function useKeptFocus(moment: string, find: (gone: HTMLButtonElement) => HTMLElement | null): void {
  const last = useRef<HTMLButtonElement | null>(null);
  const seen = useRef(moment);

  useEffect(() => {
    const enter = ({ target }: FocusEvent) => {
      last.current = asSubmit(target);
    };
    // Safari gives a button that is clicked no focus.
    const submit = ({ submitter }: SubmitEvent) => {
      last.current = asSubmit(submitter) ?? last.current;
    };
    // Taken away or left by the person: only a moment later is it clear which.
    const leave = ({ target }: FocusEvent) =>
      window.setTimeout(() => {
        const isLeft = target instanceof Element && target.isConnected && document.activeElement !== target;
        if (isLeft && last.current === target) last.current = null;
      });
    document.addEventListener("focusin", enter);
    document.addEventListener("submit", submit, true);
    document.addEventListener("focusout", leave);
    return () => {
      document.removeEventListener("focusin", enter);
      document.removeEventListener("submit", submit, true);
      document.removeEventListener("focusout", leave);
    };
  }, []);

  useEffect(() => {
    if (seen.current === moment) return;
    seen.current = moment;
    const gone = last.current;
    if (gone && !gone.isConnected && document.activeElement === document.body) find(gone)?.focus();
  });
}

/** Only a button that asks for something: "Dismiss" takes nothing but itself away. */
function asSubmit(target: EventTarget | null): HTMLButtonElement | null {
  return target instanceof HTMLButtonElement && target.type === "submit" ? target : null;
}
