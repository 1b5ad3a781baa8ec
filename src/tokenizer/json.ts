export { isJsonObject as isObject, type JsonObject as Json, jsonObjects as objects } from '../core/json'
