interface AnnouncementProps {
  /** Read out when there is time. */
  readonly status: string;
  /** Read out at once. */
  readonly alert: string;
}

/** What a screen reader says of itself (WCAG 4.1.3); both regions stay in the page, since only a change of text is read. */
export function Announcement({ status, alert }: AnnouncementProps) {
  return (
    <>
      <p className="sr" role="status">
        {status}
      </p>
      <p className="sr" role="alert">
        {alert}
      </p>
    </>
  );
}
