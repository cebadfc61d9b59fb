// Cells of CSV (RFC 4180).

/** What spreadsheets take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/

/**
 * A text as a cell. One that a spreadsheet would run is prefixed with an apostrophe, since units
 * come from anyone who may post events; see https://owasp.org/www-community/attacks/CSV_Injection.
 */
export function csvText(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
