/** A nested value as indented lines, "name: value", for people. */
export function report(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    return value.map(one => `${indent}- ${report(one, `${indent}  `).trimStart()}`).join('\n');
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, part]) =>
        typeof part === 'object' && part !== null
          ? `${indent}${name}:\n${report(part, `${indent}  `)}`
          : `${indent}${name}: ${String(part)}`
      )
      .join('\n');
  }
  return `${indent}${String(value)}`;
}
