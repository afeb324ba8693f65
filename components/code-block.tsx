"use client";

import { useState } from "react";

/** A command to copy; selecting it works too. */
export function CodeBlock({ code }: { code: string }) {
  const [isCopied, setIsCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(code);
    setIsCopied(true);
    window.setTimeout(() => setIsCopied(false), 2000);
  };
  return (
    <div className="code">
      <code>{code}</code>
      <button type="button" className="btn btn-small" onClick={copy}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
