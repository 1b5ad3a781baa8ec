export { strip } from './spaces'
export { Template } from './template'
export { type FailureKind, TemplateError } from './template-error'
