import { NotHere } from "@/components/not-here";

/** Within the shell, which has a `main` already. */
export default function NotFound() {
  return (
    <div className="lone">
      <NotHere />
    </div>
  );
}
