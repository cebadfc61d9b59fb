/** Cuts what was answered to some lists together into the answers to each. */
export function splitLike<Answer>(
  answers: readonly Answer[],
  lists: readonly { readonly length: number }[],
): Answer[][] {
  let end = 0
  return lists.map(({ length }) => {
    end += length
    return answers.slice(end - length, end)
  })
}
