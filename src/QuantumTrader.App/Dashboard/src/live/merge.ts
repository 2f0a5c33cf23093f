export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Applies a JSON merge patch (RFC 7396). What a patch does not touch stays the same object, so that a list can tell which of its rows
 * changed by comparing references; objects in `fresh` were made for this frame and are changed in place.
 */
export function merge(target: Json | undefined, patch: Json, fresh: WeakSet<object>): Json {
  if (!isObject(patch)) {
    return patch;
  }
  let result: { [key: string]: Json };
  if (isObject(target) && fresh.has(target)) {
    result = target;
  } else {
    result = isObject(target) ? { ...target } : {};
    fresh.add(result);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete result[key];
    } else {
      result[key] = merge(result[key], value, fresh);
    }
  }
  return result;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
