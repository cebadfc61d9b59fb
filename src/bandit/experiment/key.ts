// What experiments, arms, metrics and features are named by.

export const KEY_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/
export const KEY_RULE = 'must be 1 to 64 characters of a–z, 0–9, ".", "_", "-", and begin with a letter or digit'
