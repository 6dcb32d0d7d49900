export function verify() { throw new Error('later'); }
