/**
 * Tells the service under test how many bytes to leak for each request, in eights: the control of
 * the judgement of its memory.
 */
export const LEAK = 'PINWHEEL_FUZZ_LEAK'
