import { answer } from './app.js'

globalThis.answer = answer()
