import type { FormEvent } from "react";

/**
 * For `onReset` of a form that an action serves. React resets such a form when
 * the action ends, also when it was refused: every box, list and choice falls
 * back to what the page came with, while the reader goes by what they chose.
 * https://react.dev/reference/react-dom/components/form#props
 */
export function keepFields(event: FormEvent<HTMLFormElement>): void {
  event.preventDefault();
}
