import { ATTENTION_MODES } from '../attention/plan'
import { KV_FORMATS } from '../core/kv-format'
import { WEIGHT_FORMATS } from '../kernels/matrix-format'
import { ORDERS } from '../planner/order-prompts'
import { SHARINGS } from '../planner/plan-job'

/** The values of options that are chosen by name: types, checks, command line and usage text derive from these lists. */
export const CHOICES = {
  weights: [...WEIGHT_FORMATS, 'auto'],
  activations: ['f32', 'int8'],
  kv: [...KV_FORMATS, 'auto'],
  sharing: SHARINGS,
  attention: ATTENTION_MODES,
  order: ORDERS,
} as const

export type Choice<Name extends keyof typeof CHOICES> = (typeof CHOICES)[Name][number]
