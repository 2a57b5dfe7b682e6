// What is there in place of a part of a program when its guard is taken out. Each takes the part (ESTree) and its text, returns the text instead,
// and throws where it does not fit.

/** Leaves it out. */
export function skip({ type }, text) {
  if (/^(Property|PropertyDefinition|MethodDefinition)$/.test(type)) return '';
  if (!type.endsWith('Statement')) throw new Error(`a ${type} cannot be left out`);
  return text.startsWith('{') ? '{}' : ';';
}

/** Its condition is false: the one on which it depends, or that it returns, assigns or declares. */
export function never(part, text) {
  return withCondition(part, text, 'false');
}

/** Its condition is true. */
export function always(part, text) {
  return withCondition(part, text, 'true');
}

/** It has `to` in place of `from`, for what the others cannot say. `from` is of whole tokens, and there once. */
export function swap(from, to) {
  // Where the formatter breaks lines does not matter.
  const tokens = from.match(/\w+|[^\w\s]/g).map((token) => (/\w/.test(token) ? `\\b${token}\\b` : `\\${token}`));
  const pattern = new RegExp(tokens.join('\\s*'), 'g');
  return function swap(_part, text) {
    const places = [...text.matchAll(pattern)];
    if (places.length !== 1) throw new Error(`it has "${from}" ${places.length} times`);
    const [{ 0: found, index }] = places;
    return text.slice(0, index) + to + text.slice(index + found.length);
  };
}

function withCondition(part, text, value) {
  const condition = conditionOf(part);
  if (!condition) throw new Error(`a ${part.type} has no condition`);
  return text.slice(0, condition.start - part.start) + value + text.slice(condition.end - part.start);
}

function conditionOf({ test, argument, declarations, expression }) {
  if (test) return test;
  const value = argument ?? declarations?.[0].init ?? expression?.right;
  return value?.type === 'ConditionalExpression' ? value.test : value;
}
