/** The classes of calls, highest first: those of a higher one enter the next step, whatever the lower have reserved. */
export const PRIORITIES = ['interactive', 'normal', 'background'] as const

export type Priority = (typeof PRIORITIES)[number]
