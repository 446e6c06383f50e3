// What another person did while this one looked at something older.
const most = 8

export function Changes({ title, lines }: { title: string; lines: string[] }) {
  const rest = lines.length - most
  return (
    <div className="note warn" role="alert">
      <p className="note-title">◉ {title}</p>
      {lines.length > 0 && (
        <ul className="bullets">
          {lines.slice(0, most).map((line) => <li key={line}>{line}</li>)}
          {rest > 0 && <li>and {rest} more</li>}
        </ul>
      )}
    </div>
  )
}
