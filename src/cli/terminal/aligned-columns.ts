// Rows of words and numbers as aligned columns.

/** Lines without trailing blanks. `starts`: the columns that are aligned on the left. */
export function alignColumns(rows: readonly (readonly string[])[], starts: readonly number[] = []): string[] {
  const count = Math.max(0, ...rows.map(row => row.length))
  const widths = Array.from({ length: count }, (_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return starts.includes(column) ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
